/* Three actors: two sleep, the third wakes them. */
#include "subject/broken.h"

static void left(void *state, struct slot *me)
{
	pair_sleep(state, 0);
	me->got[0] = 1;
}

static void right(void *state, struct slot *me)
{
	pair_sleep(state, 1);
	me->got[0] = 1;
}

static void waker(void *state, struct slot *me)
{
	(void)me;
	pair_wake(state);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	*(struct pair *)state = (struct pair){ 0 };
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	if (slots[0].stranded && slots[1].stranded && !slots[2].stranded)
		return 1;
	return slots[0].got[0] && slots[1].got[0] ? 0 : -1;
}

CASE(sleepers,
     .purpose = "two goroutines that only a third can wake",
     .state_size = sizeof(struct pair),
     .actor = { { "left", left }, { "right", right }, { "waker", waker } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "woken", OK, NO_FAILURE, "both were woken" },
	      { "left_alone", BAD, LOST_WAKEUP, "both sleep and nobody is left" }),
     EXPECT({ "BUG_NOBODY_WAKES", LOST_WAKEUP, EVERY_MODEL }));
