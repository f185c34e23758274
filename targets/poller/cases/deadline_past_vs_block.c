/* A deadline set into the past against block. */
#include "poller/cases/poller_case.h"

static void setter(void *state, struct slot *me)
{
	(void)me;
	poll_set_deadline(&((struct state *)state)->pd, -1, POLL_READ);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_open(state);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_blocker(state, slots, INFO_READ_EXPIRED);
}

CASE(deadline_past_vs_block,
     .purpose = "a reader about to park while its deadline is set into the past",
     .state_size = sizeof(struct state),
     .actor = { { "blocker", block_for_read }, { "setter", setter } },
     .prepare = prepare, .judge = judge,
     BLOCKER_OUTCOMES("the expired deadline"), BLOCKER_EXPECT);
