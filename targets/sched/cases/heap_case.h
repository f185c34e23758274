/* What the heap's cases share: spans of four objects of one class, unswept and
 * in their set, with the memory of all that in the state.
 */
#ifndef HEAP_CASE_H
#define HEAP_CASE_H

#include <string.h>

#include "sched/heap.h"

enum { CLASS = 2, BYTES = 16, OBJECTS = 4, SPANS = 2, ROOM_BYTES = 1280 };

struct state {
	struct span_class class[CLASS + 1]; /* the others are not used */
	struct heap heap;
	struct span span[SPANS];
	struct span *of_page[1];
	uint64_t bits[2];
	char object[SPANS][OBJECTS][BYTES];
	_Alignas(64) char room[ROOM_BYTES];
};

/* `spans` spans, in each of which the objects `taken` are and those of `marked`
 * stay: bits, some of both. */
static inline void state_init(struct state *st, unsigned spans, unsigned taken, unsigned marked)
{
	enum { ENTRIES = 2, SPINE = 2 };
	struct heap *h = &st->heap;
	memset(&st->class[CLASS], 0, sizeof *st - offsetof(struct state, class[CLASS]));
	word_init(&h->generation, 2);
	mutex_init(&h->lock);
	h->base = st->object[0][0];
	h->pages = h->committed = h->in_use = 1;
	h->of_page = st->of_page;
	h->used = &st->bits[0];
	h->dirty = &st->bits[1];
	h->class = st->class;
	h->classes = CLASS + 1;
	word_init(&h->cursor, CLASS);
	span_memory_init(&h->memory, st->room, sizeof st->room);
	span_pool_init(&h->pool, &h->memory, ENTRIES, false);
	for (unsigned k = 0; k < 2; k++) {
		span_set_init(&st->class[CLASS].partial[k], &h->pool, SPINE);
		span_set_init(&st->class[CLASS].full[k], &h->pool, SPINE);
	}
	st->of_page[0] = &st->span[0];
	for (unsigned i = 0; i < spans; i++) {
		struct span *s = &st->span[i];
		mutex_init(&s->lock);
		word_init(&s->state, 0);
		s->base = st->object[i][0];
		s->pages = 1;
		s->objects = OBJECTS;
		s->size = BYTES;
		s->class = CLASS;
		s->used = (uint32_t)__builtin_popcount(taken);
		s->taken[0] = taken;
		word_init(&s->marked[0], marked);
		span_push(heap_set(h, CLASS, false, false), s);
	}
}

/* How many spans a set holds. */
static inline unsigned state_spans(const struct state *st, bool full, bool swept)
{
	struct span_set *set = heap_set((struct heap *)&st->heap, CLASS, full, swept);
	/* relaxed: nobody uses it */
	uint64_t index = load_relaxed(&set->index);
	return span_tail(index) - span_head(index);
}

/* A glance, which decides nothing: whether it is unswept. */
static inline bool state_unswept(const struct state *st, unsigned span)
{
	/* relaxed: as it says */
	return load_relaxed(&st->span[span].state) == 0;
}

#endif
