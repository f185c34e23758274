/* The one timer of two equal deadlines against block, with a writer waiting. */
#include "poller/cases/poller_case.h"

static void timer(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poll_both_deadline(&s->pd, s->seq);
}

static void prepare(void *state, struct slot *slots)
{
	state_open(state);
	state_arm(state, POLL_READ | POLL_WRITE);
	state_park(state, POLL_WRITE, &slots[2]);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_both(state, slots, INFO_READ_EXPIRED | INFO_WRITE_EXPIRED);
}

CASE(combined_timer_vs_block,
     .purpose = "a reader about to park, a writer parked, and their common timer fires",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "blocker", block_for_read }, { "timer", timer } },
     .prepare = prepare, .judge = judge,
     BLOCKER_OUTCOMES("the expired deadline"), BLOCKER_EXPECT);
