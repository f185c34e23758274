/* Three poppers take the last three items of a block. On two processors it is
 * explored only: three spinning actors want three. */
#include "spanset/cases/last_slots.h"

enum { ENTRIES = 4, SPINE = 2 };

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	struct state *s = state;
	state_init(s, ENTRIES, SPINE);
	state_push(s, 0, ENTRIES - 1);
	span_pop(&s->set);
}

static int judge(const void *state, const struct slot *slots)
{
	return judge_last_slots(state, slots, 3, ENTRIES);
}

CASE(last_slots_three,
     .purpose = "three poppers take the last three items of a block",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", pop_one }, { "middle", pop_one }, { "right", pop_one } },
     .prepare = prepare, .judge = judge,
     LAST_SLOTS_OUTCOMES, LAST_SLOTS_EXPECT);
