/* Close against block: golang/go#45211 in its first shape. */
#include "poller/cases/poller_case.h"

static void closer(void *state, struct slot *me)
{
	(void)me;
	poll_unblock(&((struct state *)state)->pd);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_open(state);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_blocker(state, slots, INFO_CLOSING);
}

CASE(close_vs_block,
     .purpose = "a reader about to park while the descriptor is closed",
     .state_size = sizeof(struct state),
     .actor = { { "blocker", block_for_read }, { "closer", closer } },
     .prepare = prepare, .judge = judge,
     BLOCKER_OUTCOMES("closing"), BLOCKER_EXPECT);
