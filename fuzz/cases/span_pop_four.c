/* Four poppers on the last four slots. */
#include "span_pop.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	pop_prepare(state, 4);
}

CASE(span_pop_four,
     .purpose = "four poppers on the last slots of a block",
     .state_size = sizeof(struct pop_state),
     .actor = { { "first", pop_last }, { "second", pop_last }, { "third", pop_last },
		{ "fourth", pop_last } },
     .prepare = prepare, .judge = pop_judge, POP_OUTCOMES);
