/* The read deadline's timer against block. */
#include "poller/cases/poller_case.h"

static void timer(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poll_read_deadline(&s->pd, s->seq);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_open(state);
	state_arm(state, POLL_READ);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_blocker(state, slots, INFO_READ_EXPIRED);
}

CASE(timer_vs_block,
     .purpose = "a reader about to park while its deadline's timer fires",
     .state_size = sizeof(struct state),
     .actor = { { "blocker", block_for_read }, { "timer", timer } },
     .prepare = prepare, .judge = judge,
     BLOCKER_OUTCOMES("the expired deadline"), BLOCKER_EXPECT);
