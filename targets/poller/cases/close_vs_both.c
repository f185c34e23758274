/* Close against both directions at once. */
#include "poller/cases/poller_case.h"

static void closer(void *state, struct slot *me)
{
	(void)me;
	poll_unblock(&((struct state *)state)->pd);
}

static void prepare(void *state, struct slot *slots)
{
	state_open(state);
	state_park(state, POLL_WRITE, &slots[2]);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_both(state, slots, INFO_CLOSING);
}

CASE(close_vs_both,
     .purpose = "a reader about to park and a writer parked while the descriptor is closed",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "blocker", block_for_read }, { "closer", closer } },
     .prepare = prepare, .judge = judge,
     BLOCKER_OUTCOMES("closing"), BLOCKER_EXPECT);
