/* What the span set's parts ask of permanent memory. */
#ifndef SPANSET_MEMORY_H
#define SPANSET_MEMORY_H

#include "base/watch.h"
#include "spanset/spanset.h"

/* A zeroed block. Never NULL. */
struct span_block *span_memory_block(struct span_memory *m, uint32_t entries);
/* A spine of empty slots. Never NULL. */
wordptr *span_memory_spine(struct span_memory *m, uint32_t slots);

/* What of a block nobody may touch while it is in a pool that poisons: all but
 * its node, which whoever pops may look at late. */
static inline void block_forbid(const struct span_block *b, uint32_t entries)
{
	watch_forbid(&b->node + 1, span_block_bytes(entries) - sizeof b->node);
}

static inline void block_allow(const struct span_block *b, uint32_t entries)
{
	watch_allow(&b->node + 1, span_block_bytes(entries) - sizeof b->node);
}

#endif
