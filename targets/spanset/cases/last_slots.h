/* Poppers on the last slots of a block: exactly one of them frees it. */
#ifndef SPANSET_LAST_SLOTS_H
#define SPANSET_LAST_SLOTS_H

#include "spanset/cases/spanset_case.h"

enum { IN_TURN, LAST_WAS_FIRST, LEAKED, FREED_EARLY, ITEM_TWICE, ITEM_LOST };

#define LAST_SLOTS_OUTCOMES                                                              \
	OUTCOMES({ "in_turn", OK, NO_FAILURE, "the block was free when the popper of the "  \
		   "last slot looked" },                                                    \
		 { "last_was_first", NEAR, NO_FAILURE,                                    \
		   "the popper of the last slot was done before another one" },           \
		 { "leaked", BAD, BLOCK_LEAK, "every item popped, and nobody freed the block" }, \
		 { "freed_early", BAD, EARLY_FREE, "a block in the pool is in use" },     \
		 { "item_twice", BAD, DUPLICATE_ITEM, "two poppers have one item" },      \
		 { "item_lost", BAD, LOST_ITEM, "an item that nobody has" })

/* The last of `last` items was in the last slot; the actors popped all. */
static inline int judge_last_slots(const struct state *s, const struct slot *slots,
				   unsigned actors, long last)
{
	unsigned popped;
	enum failure wrong = judge_items(slots, actors, &popped);
	struct span_audit a = state_audit(s);
	if (wrong == EARLY_FREE || span_early(&a))
		return FREED_EARLY;
	if (wrong == DUPLICATE_ITEM)
		return ITEM_TWICE;
	if (popped != actors)
		return ITEM_LOST;
	if (a.leaked)
		return LEAKED;
	for (unsigned i = 0; i < actors; i++)
		if (slots[i].got[ITEM] == last && !slots[i].got[POOLED_AFTER])
			return LAST_WAS_FIRST;
	return a.pooled == 1 && a.live == 0 ? IN_TURN : -1;
}

#define LAST_SLOTS_EXPECT                                                                \
	EXPECT({ "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },                            \
	       { "BUG_POPPED_RELAXED", DATA_RACE, EVERY_MODEL })

#endif
