#include "spanset/spanset.h"

#include "base/hint.h"
#include "spanset/memory.h"

/* The orders that switches weaken. */
#ifdef BUG_POPPED_RELAXED
/* dropped: the counter's release and acquire. The popper that frees has not
 * seen the others' NIL stores, which may land in the block's next life:
 * data_race, in every model; hardware: ARM64 only, as x86's addition is
 * full. */
#define count_popped(b) fetch_add_relaxed(&(b)->popped, 1)
#else
#define count_popped(b) fetch_add_acq_rel(&(b)->popped, 1)
#endif
#ifdef BUG_ENTRY_RELAXED
/* dropped: the entry's release. The popper has the item before what its pusher
 * wrote to it: data_race, in every model; hardware: ARM64 only. */
#define publish_entry(e, item) store_relaxed(e, item)
#else
#define publish_entry(e, item) store_release(e, item)
#endif

const char span_freed_early[] = "the block of a claimed entry was freed";
const char span_no_block[] = "no block where an entry was claimed";

void span_set_init(struct span_set *s, struct span_pool *p, uint32_t spine)
{
	*s = (struct span_set){ .pool = p, .spine_room = spine,
				.shift = (uint32_t)__builtin_ctz(p->entries) };
	mutex_init(&s->lock);
	word_init(&s->index, 0);
	word_init(&s->spine_length, 0);
	word_init(&s->spine, (uintptr_t)span_memory_spine(p->memory, spine));
}

/* --- the spine --- */

/* Doubles the spine. Lock held. */
static void grow(struct span_set *s)
{
	/* relaxed: under the lock */
	wordptr *old = (wordptr *)load_relaxed(&s->spine);
	wordptr *new = span_memory_spine(s->pool->memory, 2 * s->spine_room);
	for (uint32_t i = 0; i < s->spine_room; i++)
		/* relaxed: poppers empty slots meanwhile, and may miss the
		 * copy: nobody looks at an emptied slot again. Published
		 * below. */
		word_init(&new[i], load_relaxed(&old[i]));
	s->spine_room *= 2;
	/* pairs with: slot_of() — the copies */
	store_release(&s->spine, (uintptr_t)new);
}

/* Adds the block of that slot, unless it is there by now. */
static void add_block(struct span_set *s, uint32_t top)
{
	mutex_lock(&s->lock);
	/* relaxed: under the lock */
	uint32_t length = load_relaxed(&s->spine_length);
	if (top < length) {
		mutex_unlock(&s->lock);
		return;
	}
	if (length == s->spine_room)
		grow(s);
	if (top >= s->spine_room)
		world_fatal("more pushers at once than a block has entries");
	/* relaxed: under the lock */
	wordptr *spine = (wordptr *)load_relaxed(&s->spine);
	struct span_block *b = span_pool_get(s->pool);
#ifdef BUG_LENGTH_FIRST
	/* swapped: the block before the length that says it is there. Another
	 * pusher finds no block: fatal, on any machine.
	 * pairs with: span_push_at() */
	store_release(&s->spine_length, length + 1);
	store_release(&spine[top], (uintptr_t)b);
#else
	/* relaxed: spine_length publishes it */
	store_relaxed(&spine[top], (uintptr_t)b);
	/* pairs with: span_push_at(), span_pop() — slot and block, whose
	 * entries are empty */
	store_release(&s->spine_length, length + 1);
#endif
	mutex_unlock(&s->lock);
}

/* The spine's slot for that entry. Only after spine_length has said that it is
 * there. */
static wordptr *slot_of(struct span_set *s, uint32_t cursor)
{
	/* pairs with: grow() — the copies */
	return (wordptr *)load_acquire(&s->spine) + (cursor >> s->shift);
}

static struct span_block *block_of(wordptr *slot)
{
	/* relaxed: spine_length, which was read before, has published it */
	struct span_block *b = (struct span_block *)load_relaxed(slot);
	/* NIL, or at least SPAN_POISON */
	if (__builtin_expect((uintptr_t)b - 1 >= SPAN_POISON - 1, 0))
		world_fatal(b ? span_freed_early : span_no_block);
	return b;
}

/* --- push --- */

void span_push_at(struct span_set *s, uint32_t cursor, void *item)
{
	uint32_t top = cursor >> s->shift, bottom = cursor & ((1u << s->shift) - 1);
	/* pairs with: add_block() — the slot below that length */
	while (load_acquire(&s->spine_length) <= top)
		add_block(s, top);
	struct span_block *b = block_of(slot_of(s, cursor));
#ifdef BUG_BLOCK_USED
	/* moved: history counts at the push, after the claim, and not the pops.
	 * A popper may find 0 while a late pusher is on its way here
	 * (early_free), see retire(). pairs with: retire() */
	fetch_add_acq_rel(&b->used, 1);
#endif
	/* pairs with: span_pop() — what the pusher wrote to the item */
	publish_entry(&b->entry[bottom], (uintptr_t)item);
}

void span_push(struct span_set *s, void *item)
{
	if (!item || item == (void *)SPAN_POISON)
		world_fatal("pushed what is no item");
	/* relaxed: a ticket. The entry hands the item over. */
	uint32_t cursor = span_tail(fetch_add_relaxed(&s->index, 1));
	if (cursor == UINT32_MAX)
		world_fatal("too many pushes between two resets");
	span_push_at(s, cursor, item);
}

/* --- pop --- */

/* Counts a pop that is done, and frees the block after the last one of all. */
static void retire(struct span_set *s, wordptr *slot, struct span_block *b, uint32_t cursor)
{
	uint32_t entries = 1u << s->shift;
#ifdef BUG_BLOCK_USED
	/* dropped: counting pops. History (CL 230497) frees when the popper of
	 * the last entry finds nothing left in use. If a slower popper of
	 * another entry comes after it, nobody frees (block_leak); if a late
	 * pusher has not counted its entry yet, the block is freed under it
	 * (early_free). Both on any machine. pairs with: span_push_at(), each
	 * other */
	bool was_last = fetch_add_acq_rel(&b->used, (uint32_t)-1) == 1;
	if (!was_last || (cursor & (entries - 1)) != entries - 1)
		return;
#else
	(void)cursor;
	/* pairs with: each other — whoever frees has seen all entries
	 * emptied */
	if (count_popped(b) + 1 != entries)
		return;
#endif
	span_pool_put(s->pool, slot, b);
}

/* Waits for the pusher of an entry. */
static uintptr_t await_item(wordptr *entry)
{
	enum { PATIENT = 64 };
	for (uint32_t turns = 1;; turns++) {
		/* pairs with: span_push_at() — what the pusher wrote to the
		 * item
		 */
		uintptr_t item = load_acquire(entry);
		if (item)
			return item;
#ifdef BUG_POP_GIVES_UP
		/* dropped: waiting. The slot is claimed, so the item that its
		 * pusher is about to put there is never popped: lost_item, on
		 * any machine. */
		return 0;
#endif
		/* unreached: in the simulated world a pusher, who waits for
		 * nobody, is done first */
		if (turns % PATIENT)
			world_relax();
		else
			/* unreached: likewise */
			world_yield();
	}
}

/* A popper writes to three lines that others write to, one after the other.
 * Asked for together before the first, they cost one transfer and not three. */
static inline void fetch_for_pop(const struct span_set *s, uint32_t cursor)
{
	uintptr_t slot = hint_value(&s->spine) + (cursor >> s->shift) * sizeof(wordptr);
	uintptr_t b = hint_value((const void *)slot);
	uint32_t bottom = cursor & ((1u << s->shift) - 1);
	hint_write(b + offsetof(struct span_block, entry) + bottom * sizeof(wordptr));
#ifndef BUG_BLOCK_USED
	hint_write(b + offsetof(struct span_block, popped));
#endif
}

void *span_pop(struct span_set *s)
{
	uint64_t seen;
	for (;; hint_back_off()) {
		/* relaxed: the swap compares it */
		seen = load_relaxed(&s->index);
		uint32_t head = span_head(seen);
		if (head >= span_tail(seen))
			return NULL;
		/* The pusher may not have added the block yet: as good as
		 * empty. pairs with: add_block() — the slot below that
		 * length */
		if (load_acquire(&s->spine_length) <= head >> s->shift)
			return NULL;
		fetch_for_pop(s, head);
		/* The race lost: any push or pop. relaxed: a ticket, as a
		 * push's
		 */
		if (cas_relaxed(&s->index, &seen, seen + (UINT64_C(1) << 32)))
			break;
	}
	uint32_t cursor = span_head(seen);
	wordptr *slot = slot_of(s, cursor);
	struct span_block *b = block_of(slot);
	wordptr *entry = &b->entry[cursor & ((1u << s->shift) - 1)];
	uintptr_t item = await_item(entry);
	/* relaxed: the counter publishes it to whoever frees the block */
	store_relaxed(entry, 0);
	retire(s, slot, b, cursor);
	return (void *)item;
}

/* --- reset --- */

static void check_half_used(struct span_set *s, struct span_block *b)
{
#ifdef BUG_BLOCK_USED
	(void)s;
	/* relaxed: nobody else uses the set */
	if (load_relaxed(&b->used) != 0)
		world_fatal("reset of a block with items");
#else
	/* relaxed: nobody else uses the set */
	uint32_t popped = load_relaxed(&b->popped);
	if (popped == 0)
		world_fatal("reset of a block from which nothing was popped");
	if (popped == 1u << s->shift)
		world_fatal("reset of a block that is used up and was not freed");
#endif
}

void span_reset(struct span_set *s)
{
	/* relaxed: here and below, nobody else uses the set */
	uint64_t index = load_relaxed(&s->index);
	uint32_t head = span_head(index);
	if (head < span_tail(index))
		world_fatal("reset of a span set with items");
	/* relaxed: as above */
	if (head >> s->shift < load_relaxed(&s->spine_length)) {
		wordptr *slot = slot_of(s, head);
		/* relaxed: as above */
		struct span_block *b = (struct span_block *)load_relaxed(slot);
		/* unreached: an oracle of early frees */
		if (b && (uintptr_t)b != SPAN_POISON) {
			check_half_used(s, b);
			span_pool_put(s->pool, slot, b);
		}
	}
	/* relaxed: as above, both */
	store_relaxed(&s->index, 0);
	store_relaxed(&s->spine_length, 0);
}
