/* Two poppers drain a set; the later one resets it and uses it again. */
#include "spanset/cases/spanset_case.h"

enum { ENTRIES = 4, SPINE = 1, OLD = 2 };

/* got[3]: whether it was the one that reset. */
static void drainer(void *state, struct slot *me)
{
	struct state *s = state;
	pop_one(s, me);
	/* pairs with: each other — all that the other one popped */
	if (fetch_add_acq_rel(&s->arrived, 1) == 0)
		return;
	me->got[3] = 1;
	span_reset(&s->set);
	state_push(s, OLD, OLD + ENTRIES - 1);
	span_pop(&s->set);
	span_pop(&s->set);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, ENTRIES, SPINE);
	state_push(state, 0, OLD - 1);
}

enum { IN_TURN, TOGETHER, LEAKED, FREED_EARLY, ITEM_LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	unsigned popped;
	struct span_audit a = state_audit(s);
	enum failure wrong = judge_items(slots, 2, &popped);
	if (wrong == EARLY_FREE || span_early(&a))
		return FREED_EARLY;
	if (wrong != NO_FAILURE || popped != OLD ||
	    state_index(s) != ((UINT64_C(2) << 32) | ENTRIES) ||
	    state_entry(s, ENTRIES - 1) != (uintptr_t)&s->item[OLD + ENTRIES - 1])
		return ITEM_LOST;
	if (a.leaked)
		return LEAKED;
	if (a.allocated != 1 || slots[0].got[3] + slots[1].got[3] != 1)
		return -1;
	return slots[0].got[INDEX_BEFORE] == slots[1].got[INDEX_BEFORE] ? TOGETHER : IN_TURN;
}

CASE(reset_after_drain,
     .purpose = "a set is drained by two, reset by the later one and filled again",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", drainer }, { "right", drainer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "in_turn", OK, NO_FAILURE, "one had popped before the other began" },
	      { "together", NEAR, NO_FAILURE, "both began before either had popped" },
	      { "leaked", BAD, BLOCK_LEAK, "reset lost the half used block" },
	      { "freed_early", BAD, EARLY_FREE, "a block was freed with items in it" },
	      { "item_lost", BAD, LOST_ITEM, "an item is missing or came twice" }),
     EXPECT({ "BUG_POPPED_KEPT", EARLY_FREE, EVERY_MODEL }));
