/* A deadline that is due is moved into the future while its timer fires. */
#include "sched/cases/deadline_case.h"

static void setter(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	state_as(st, 1);
	poll_set_deadline(&st->pd, INT64_MAX, POLL_READ);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	state_deadline(st);
	word_init(&st->pd.rg, (uintptr_t)&slots[2].g);
	word_init(&st->s.poller.waiters, 1);
}

enum { EXPIRED_FIRST, EXTENDED_FIRST, OUTDATED, EXPIRED_EARLY };

static int judge(const void *state, const struct slot *slots)
{
	struct state *st = (struct state *)state;
	int64_t rd = flag_get(&st->pd.rd);
	/* Whoever came first, the new deadline holds. */
	if (rd < 0)
		return EXPIRED_EARLY;
	if (rd != INT64_MAX || !st->pd.rt_armed || st->pd.rt.heap_index != 1)
		return -1;
	if (!slots[0].got[0])
		return EXTENDED_FIRST;
	/* relaxed: nothing moves any more */
	return load_relaxed(&slots[2].g.status) == G_WAITING ? OUTDATED : EXPIRED_FIRST;
}

CASE(deadline_vs_extend,
     .purpose = "a deadline is extended while the scheduler fires its timer",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state), .passive = 1,
     .actor = { { "worker", fire_deadlines }, { "setter", setter } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "expired_first", OK, NO_FAILURE, "it expired, then a new one was set" },
	      { "extended_first", OK, NO_FAILURE, "it was moved before the worker looked" },
	      { "outdated", NEAR, NO_FAILURE,
		"a firing with an outdated cookie came and did nothing" },
	      { "expired_early", BAD, STALE_ARM, "the old firing made the new deadline expire" }),
     EXPECT({ "BUG_TIMER_SEQ_LATE", STALE_ARM, EVERY_MODEL },
	    { "BUG_FIRE_LOCKED", DEADLOCK, EVERY_MODEL }));
