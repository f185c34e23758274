/* Two poppers take the last two items of a block (CL 230497). */
#include "spanset/cases/last_slots.h"

enum { ENTRIES = 2, SPINE = 2 };

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, ENTRIES, SPINE);
	state_push(state, 0, ENTRIES - 1);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_last_slots(state, slots, 2, ENTRIES);
}

CASE(last_slots,
     .purpose = "two poppers take the last two items of a block",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", pop_one }, { "right", pop_one } },
     .prepare = prepare, .judge = judge,
     LAST_SLOTS_OUTCOMES, LAST_SLOTS_EXPECT);
