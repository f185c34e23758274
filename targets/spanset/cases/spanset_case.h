/* What the span set's cases share: a set in the state, with small blocks whose
 * memory is the state's too, and a judge's look at where they are.
 */
#ifndef SPANSET_CASE_H
#define SPANSET_CASE_H

#include <string.h>

#include "spanset/spanset.h"

enum { ROOM_BYTES = 768, ITEMS = 6 };

/* What a pusher writes before it pushes, plainly: the entry must hand it
 * over. */
struct item {
	long stamp;
};

struct state {
	struct span_set set;
	struct span_pool pool;
	struct span_memory memory;
	word32 arrived; /* for actors that go on after the last of them */
	struct item item[ITEMS];
	_Alignas(64) char room[ROOM_BYTES];
};

static inline void state_init(struct state *s, uint32_t entries, uint32_t spine)
{
	span_memory_init(&s->memory, s->room, sizeof s->room);
	memset(s->room, 0, sizeof s->room);
	span_pool_init(&s->pool, &s->memory, entries, true);
	span_set_init(&s->set, &s->pool, spine);
	word_init(&s->arrived, 0);
	for (int i = 0; i < ITEMS; i++)
		s->item[i].stamp = i + 1;
}

/* Items first .. last, by one pusher. */
static inline void state_push(struct state *s, int first, int last)
{
	for (int i = first; i <= last; i++)
		span_push(&s->set, &s->item[i]);
}

/* Which item that is, from 1; 0 for none; -1 for what never was one. */
static inline long number_of(const struct state *s, const void *item)
{
	for (int i = 0; i < ITEMS; i++)
		if (item == &s->item[i])
			return i + 1;
	return item ? -1 : 0;
}

static inline struct span_audit state_audit(const struct state *s)
{
	struct span_set *set = (struct span_set *)&s->set;
	return span_audit(&s->pool, &set, 1);
}

/* The entry of a slot, while its block is in the spine; else 0. */
static inline uintptr_t state_entry(const struct state *s, uint32_t cursor)
{
	/* relaxed: here and below, a glance, which decides nothing */
	wordptr *spine = (wordptr *)load_relaxed(&s->set.spine);
	/* relaxed: as above */
	struct span_block *b =
		(struct span_block *)load_relaxed(&spine[cursor >> s->set.shift]);
	/* relaxed: as above */
	if ((uintptr_t)b == SPAN_POISON)
		return 0;
	/* relaxed: as above */
	return b ? load_relaxed(&b->entry[cursor & ((1u << s->set.shift) - 1)]) : 0;
}

static inline uint64_t state_index(const struct state *s)
{
	/* relaxed: a glance, which decides nothing */
	return load_relaxed(&s->set.index);
}

/* got[] of poppers: the item, and whether the pool had a block right after. */
enum { ITEM = 0, POOLED_AFTER = 1, INDEX_BEFORE = 2 };

static inline void pop_one(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[INDEX_BEFORE] = (long)state_index(s);
	me->got[ITEM] = number_of(s, span_pop(&s->set));
	/* relaxed: a glance, which decides nothing */
	me->got[POOLED_AFTER] = load_relaxed(&s->pool.free.head) != 0;
}

/* What is wrong with the items that the actors have popped, or NO_FAILURE, and
 * how many they are. */
static inline enum failure judge_items(const struct slot *slots, unsigned actors, unsigned *popped)
{
	unsigned seen = 0;
	*popped = 0;
	for (unsigned a = 0; a < actors; a++) {
		long item = slots[a].got[ITEM];
		if (item < 0)
			return EARLY_FREE; /* poison, or another life's */
		if (item == 0)
			continue;
		if (seen >> item & 1)
			return DUPLICATE_ITEM;
		seen |= 1u << item;
		++*popped;
	}
	return NO_FAILURE;
}

#endif
