/* A timer is added while the last worker without work goes to sleep in the
 * poller: it must not sleep past it. */
#include "sched/cases/sched_case.h"

#define WHEN ((int64_t)1 << 61)

static void fire(void *arg, uintptr_t seq)
{
	(void)arg;
	(void)seq;
}

static void adder(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	state_as(st, 0);
	timers_start(&st->timer, WHEN, fire, NULL, 0);
}

/* got[0]: it has left; got[1]: it was broken out of the poller. */
static void sleeper(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 1);
	me->got[0] = idle_leave(m);
	schedule_block(m);
	/* relaxed: a glance */
	me->got[1] = load_relaxed(&st->s.poller.wake_pending) != 0;
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	state_idle_worker(st, 2);
	st->m[1].spinning = true;
	word_init(&st->s.spinning, 1);
	/* Somebody waits for the network: the sleeper polls. */
	word_init(&st->s.poller.waiters, 1);
}

enum { KNOWN, BROKEN, WOKEN, PASSED };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: nothing moves any more */
	if (load_relaxed(&((const struct P *)st->proc[0])->timers.first) != (uint64_t)WHEN ||
	    !slots[1].got[0] || slots[0].stranded)
		return -1;
	if (state_woken(st, 2))
		return WOKEN;
	if (slots[1].stranded)
		return PASSED;
	return slots[1].got[1] ? BROKEN : KNOWN;
}

CASE(timer_vs_sleeper,
     .purpose = "a timer is added while the last idle worker goes to sleep in the poller",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "adder", adder }, { "sleeper", sleeper } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "known", NEAR, NO_FAILURE, "it was there when the sleeper looked last" },
	      { "broken", OK, NO_FAILURE, "the sleeper was broken out of the poller" },
	      { "woken", OK, NO_FAILURE, "another worker was woken" },
	      { "passed", BAD, LOST_WAKEUP,
		"the sleeper polls for ever, and nobody is awake to see the timer" }),
     EXPECT({ "BUG_TIMER_UNSEEN", LOST_WAKEUP, EVERY_MODEL }));
