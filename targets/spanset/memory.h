/* What the span set's parts ask of permanent memory. */
#ifndef SPANSET_MEMORY_H
#define SPANSET_MEMORY_H

#include "spanset/spanset.h"

/* A zeroed block. Never NULL. */
struct span_block *span_memory_block(struct span_memory *m, uint32_t entries);
/* A spine of empty slots. Never NULL. */
wordptr *span_memory_spine(struct span_memory *m, uint32_t slots);

#endif
