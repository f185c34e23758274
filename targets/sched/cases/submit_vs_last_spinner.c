/* Work is put while the last worker that spins gives up: one of the two must
 * see the other, or the work waits beside an idle processor. */
#include "sched/cases/sched_case.h"

/* As whoever polled, with a processor: its own goroutine goes on after. */
static void submitter(void *state, struct slot *me)
{
	struct state *st = state;
	struct g *list[1] = { &st->g[0].g };
	(void)me;
	schedule_inject(&st->s, state_as(st, 0), list, 1);
}

/* got[0]: it has left; got[1]: it had been told of nothing by then. */
static void spinner(void *state, struct slot *me)
{
	struct state *st = state;
	me->got[0] = idle_leave(state_as(st, 1));
	me->got[1] = !state_woken(st, 2);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	state_idle_worker(st, 2);
	st->m[0].cur = &st->g[1];
	st->m[1].spinning = true;
	word_init(&st->s.spinning, 1);
	word_init(&st->g[0].g.status, G_WAITING);
}

enum { SEEN, WOKEN, BOTH, LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	bool left = slots[1].got[0], woken = state_woken(st, 2);
	if (status_seen(st, 0) != G_RUNNABLE || state_queued(st, 0, &st->g[0]) != 1)
		return -1;
	/* relaxed: nothing moves any more */
	if (load_relaxed(&st->s.spinning) != (uint32_t)!left + woken)
		return -1;
	if (left)
		return woken ? WOKEN : LOST;
	return woken ? BOTH : SEEN;
}

CASE(submit_vs_last_spinner,
     .purpose = "work is put while the last spinning worker goes idle",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "submitter", submitter }, { "spinner", spinner } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "seen", NEAR, NO_FAILURE, "the spinner's last look found the work" },
	      { "woken", OK, NO_FAILURE, "the submitter started another worker" },
	      { "both", OK, NO_FAILURE, "both" },
	      { "lost", BAD, LOST_WORK,
		"a runnable goroutine, an idle processor, and nobody who spins or is woken" }),
     EXPECT({ "BUG_WAKE_UNFENCED", LOST_WORK, TSO | C11 },
	    { "BUG_LEAVE_UNCHECKED", LOST_WORK, EVERY_MODEL }));
