/* Two actors visit one plot. */
#include "sanitized/planted.h"

static void left(void *state, struct slot *me)
{
	plot_visit(state, 0, me);
}

static void right(void *state, struct slot *me)
{
	plot_visit(state, 1, me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	*(struct plot *)state = (struct plot){ .last = -1 };
}

static int judge(const void *state, const struct slot *slots)
{
	(void)slots;
	return ((const struct plot *)state)->visits == 2 ? 0 : -1;
}

CASE(visits,
     .purpose = "two actors count under a lock and do wrong beside it",
     .state_size = sizeof(struct plot),
     .actor = { { "left", left }, { "right", right } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "both", OK, NO_FAILURE, "both were counted" }),
     EXPECT({ "BUG_UNLOCKED", DATA_RACE, EVERY_MODEL },
	    { "BUG_FREED_EARLY", MEMORY_ERROR, EVERY_MODEL },
	    { "BUG_LEAKS", MEMORY_ERROR, EVERY_MODEL },
	    { "BUG_OVERFLOWS", UNDEFINED_BEHAVIOUR, EVERY_MODEL },
	    { "BUG_STRAYS", CRASH, EVERY_MODEL }));
