/* A deadline's timer against clearing that deadline. */
#include "poller/cases/poller_case.h"

static void timer(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poll_read_deadline(&s->pd, s->seq);
}

static void setter(void *state, struct slot *me)
{
	(void)me;
	poll_set_deadline(&((struct state *)state)->pd, 0, POLL_READ);
}

static void prepare(void *state, struct slot *slots)
{
	state_open(state);
	state_arm(state, POLL_READ);
	state_park(state, POLL_READ, &slots[2]);
}

enum { EXPIRED_FIRST, CLEARED_FIRST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	if (flag_get(&s->pd.rd) != 0 || info_get(&s->pd) & INFO_READ_EXPIRED || s->pd.rt_armed)
		return -1;
	/* relaxed: nothing moves any more */
	uint32_t status = load_relaxed(&slots[2].g.status);
	return status == G_WAITING ? CLEARED_FIRST : EXPIRED_FIRST;
}

CASE(timer_vs_clear,
     .purpose = "a timer that has fired while its deadline is cleared",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "timer", timer }, { "setter", setter } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "expired_first", OK, NO_FAILURE, "the reader was woken, then the deadline went" },
	      { "cleared_first", NEAR, NO_FAILURE,
		"a firing with an outdated cookie came and did nothing" }),
     EXPECT({ "BUG_STALE_COOKIE", FATAL, EVERY_MODEL }));
