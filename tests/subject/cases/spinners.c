/* Three actors: two spin for each other, one of them relaxing and one yielding;
 * a third is long under way with the lock that both take afterwards. */
#include "subject/broken.h"

static void left(void *state, struct slot *me)
{
	pair_meet(state, 0, world_relax);
	pair_count(state);
	me->got[0] = 1;
}

static void right(void *state, struct slot *me)
{
	pair_meet(state, 1, world_yield);
	pair_count(state);
	me->got[0] = 1;
}

static void holder(void *state, struct slot *me)
{
	(void)me;
	pair_hold(state);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	*(struct pair *)state = (struct pair){ 0 };
}

static int judge(const void *state, const struct slot *slots)
{
	const struct pair *p = state;
	if (slots[0].stranded == 2 && slots[1].stranded == 2 && !slots[2].stranded)
		return p->count == 1 ? 1 : -1;
	return slots[0].got[0] && slots[1].got[0] && p->count == 3 ? 0 : -1;
}

CASE(spinners,
     .purpose = "two that spin for each other, and a lock that is held for long",
     .state_size = sizeof(struct pair),
     .actor = { { "left", left }, { "right", right }, { "holder", holder } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "met", OK, NO_FAILURE, "both were seen" },
	      { "spun", BAD, LOST_ITEM, "both spin and nobody is left" }),
     EXPECT({ "BUG_NOBODY_SETS", LOST_ITEM, EVERY_MODEL },
	    { "BUG_KEEPS_LOCK", DEADLOCK, EVERY_MODEL }));
