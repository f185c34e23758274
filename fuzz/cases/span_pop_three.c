/* Three poppers on the last three slots. */
#include "span_pop.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	pop_prepare(state, 3);
}

CASE(span_pop_three,
     .purpose = "three poppers on the last slots of a block",
     .state_size = sizeof(struct pop_state),
     .actor = { { "first", pop_last }, { "second", pop_last }, { "third", pop_last } },
     .prepare = prepare, .judge = pop_judge, POP_OUTCOMES);
