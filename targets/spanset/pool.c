#include "spanset/memory.h"

uint32_t span_entries_for(uint32_t pushers)
{
	uint32_t entries = 1;
#ifndef BUG_SMALL_BLOCK
	while (entries < pushers)
		entries *= 2;
#else
	/* dropped: the algorithm's own bound. With one entry a block, two
	 * pushers claim slots of two blocks that nobody has added yet; whoever
	 * adds the second one first makes the spine long enough for the other,
	 * who finds no block: fatal, on any machine. */
	(void)pushers;
#endif
	return entries;
}

void span_pool_init(struct span_pool *p, struct span_memory *m, uint32_t entries, bool poison)
{
	if (entries == 0 || entries & (entries - 1))
		world_fatal("entries of a block: a power of two");
	word_init(&p->free.head, 0);
	p->memory = m;
	p->entries = entries;
	p->poison = poison;
	word_init(&p->allocated, 0);
	word_init(&p->reused, 0);
	word_init(&p->freed, 0);
	word_init(&p->written, 0);
}

/* A store to a word of a block that is the caller's alone: plain, so that race
 * detectors check just that. */
#define own_store(w, x) (*(__typeof__((w)->v + 0) *)(void *)&(w)->v = (x))

/* Whether somebody wrote to the block while it was in the pool. */
static bool poison_gone(struct span_pool *p, struct span_block *b)
{
	for (uint32_t i = 0; i < p->entries; i++)
		/* relaxed: nobody may have written */
		if (load_relaxed(&b->entry[i]) != SPAN_POISON)
			return true;
	return false;
}

struct span_block *span_pool_get(struct span_pool *p)
{
	struct span_block *b = (struct span_block *)stack_pop(&p->free);
	if (!b) {
		/* relaxed: a count */
		fetch_add_relaxed(&p->allocated, 1);
		return span_memory_block(p->memory, p->entries);
	}
	/* relaxed: a count */
	fetch_add_relaxed(&p->reused, 1);
	if (p->poison) {
		block_allow(b, p->entries);
		if (poison_gone(p, b))
			/* relaxed: a count */
			fetch_add_relaxed(&p->written, 1);
		for (uint32_t i = 0; i < p->entries; i++)
			own_store(&b->entry[i], 0);
	}
	return b;
}

void span_pool_put(struct span_pool *p, wordptr *slot, struct span_block *b)
{
#ifdef BUG_POPPED_KEPT
	/* dropped: popped = 0. A block that reset took half used counts from
	 * there on and is freed with as many items in it: early_free, on any
	 * machine. A block that was used up leaks, as it never gets there. */
#elif !defined BUG_BLOCK_USED
	own_store(&b->popped, 0);
#endif
	for (uint32_t i = 0; p->poison && i < p->entries; i++)
		/* relaxed: not plain, so that a late writer is seen by what it
		 * does; the stack publishes it */
		store_relaxed(&b->entry[i], SPAN_POISON);
	/* relaxed: whoever may look here again is alone (reset) */
	store_relaxed(slot, p->poison ? SPAN_POISON : 0);
	/* relaxed: a count */
	fetch_add_relaxed(&p->freed, 1);
	if (p->poison)
		block_forbid(b, p->entries);
	stack_push(&p->free, &b->node);
}
