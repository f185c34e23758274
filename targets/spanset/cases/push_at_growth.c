/* Two pushers beyond a full spine: one adds a block and doubles the spine. */
#include "spanset/cases/spanset_case.h"

enum { PUSHERS = 2, SPINE = 1, BEFORE = 2 };

/* got[ITEM]: the index before. */
static void push_left(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[ITEM] = (long)state_index(s);
	span_push(&s->set, &s->item[BEFORE]);
}

static void push_right(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[ITEM] = (long)state_index(s);
	span_push(&s->set, &s->item[BEFORE + 1]);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, span_entries_for(PUSHERS), SPINE);
	state_push(state, 0, BEFORE - 1);
}

enum { IN_TURN, TOGETHER, NO_BLOCK, ITEM_LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	struct span_audit a = state_audit(s);
	unsigned found = 0;
	if (a.gone)
		return NO_BLOCK;
	for (uint32_t i = 0; i < BEFORE + 2; i++)
		found |= 1u << number_of(s, (void *)state_entry(s, i));
	if (found != 2 + 4 + 8 + 16)
		return ITEM_LOST;
	if (a.leaked || a.pooled || s->set.spine_room == SPINE)
		return -1;
	return slots[0].got[ITEM] == BEFORE && slots[1].got[ITEM] == BEFORE ? TOGETHER : IN_TURN;
}

CASE(push_at_growth,
     .purpose = "two pushes that need another block and a longer spine",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", push_left }, { "right", push_right } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "in_turn", OK, NO_FAILURE, "one push began when the other had its slot" },
	      { "together", NEAR, NO_FAILURE, "both began before either had a slot" },
	      { "no_block", BAD, EARLY_FREE, "a filled slot without a block" },
	      { "item_lost", BAD, LOST_ITEM, "an item that is nowhere" }),
     EXPECT({ "BUG_SMALL_BLOCK", FATAL, EVERY_MODEL },
	    { "BUG_LENGTH_FIRST", FATAL, EVERY_MODEL }));
