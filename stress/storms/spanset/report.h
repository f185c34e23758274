/* What the span set's storms tell the runner after each episode. */
#ifndef STORMS_SPANSET_REPORT_H
#define STORMS_SPANSET_REPORT_H

#include "storms/spanset/work.h"

enum { OP_PUSH, OP_POP, OP_RESET };
#define SPANSET_OPS { "push", "pop", "reset" }
/* Pushes that a soak must make without a finding: 2e8 in its storms. */
#define SPANSET_QUOTA { [OP_PUSH] = 50000000 }
#define SPANSET_GAUGES { "blocks_allocated", "blocks_pooled", "blocks_in_use", "blocks_leaked" }

/* Whether the order's time, or its operations, are over. */
bool order_is_over(const struct storm_order *order);
/* Audits after an episode and reports what it came to. */
void report_episode(const struct storm_order *order, struct work *w);

/* Each bug as history has it, and what follows from it: a block freed early is
 * used twice, and then anything may happen to its items; who makes it ready for
 * its second use races with who still reads it. */
#define FOLLOWS(variant)                                                                  \
	{ variant, EARLY_FREE, EVERY_MODEL }, { variant, BLOCK_LEAK, EVERY_MODEL },       \
		{ variant, LOST_ITEM, EVERY_MODEL },                                      \
		{ variant, DUPLICATE_ITEM, EVERY_MODEL }, { variant, WEDGE, EVERY_MODEL }, \
		{ variant, FATAL, EVERY_MODEL }, { variant, CRASH, EVERY_MODEL },         \
		{ variant, DATA_RACE, EVERY_MODEL }, { variant, MEMORY_ERROR, EVERY_MODEL }
/* Weaker orders: races anywhere, and what follows where the processor minds. */
#define RELAXED_FOLLOW FOLLOWS("BUG_ENTRY_RELAXED"), FOLLOWS("BUG_POPPED_RELAXED")

#endif
