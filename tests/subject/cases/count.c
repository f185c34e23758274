/* Two actors count under a lock. */
#include "subject/broken.h"

static void counter(void *state, struct slot *me)
{
	(void)me;
	pair_count(state);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	*(struct pair *)state = (struct pair){ 0 };
}

static int judge(const void *state, const struct slot *slots)
{
	(void)slots;
	const struct pair *p = state;
#ifdef BUG_UNLISTED
	return -1;
#endif
#ifdef BUG_WRONG_CLASS
	return 1;
#endif
	return p->count == 2 ? 0 : 1;
}

CASE(count,
     .purpose = "two actors count under one lock",
     .state_size = sizeof(struct pair),
     .actor = { { "left", counter }, { "right", counter } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "both", OK, NO_FAILURE, "both were counted" },
	      { "missed", BAD, LOST_ITEM, "one was not counted" }),
     EXPECT({ "BUG_THROWS", FATAL, EVERY_MODEL }, { "BUG_KEEPS_LOCK", DEADLOCK, EVERY_MODEL },
	    { "BUG_CRASHES", CRASH, EVERY_MODEL },
	    { "BUG_HANGS", TIMEOUT, EVERY_MODEL },
	    { "BUG_UNLISTED", WRONG_OUTCOME, EVERY_MODEL },
	    { "BUG_WRONG_CLASS", DUPLICATE_ITEM, EVERY_MODEL }));
