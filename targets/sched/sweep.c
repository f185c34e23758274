#include "base/world.h"
#include "sched/heap.h"

bool sweep_begin(struct heap *h, struct span *s)
{
	uint32_t unswept = heap_generation(h) - 2;
#ifdef BUG_SWEEP_UNCLAIMED
	/* dropped: the swap compares. Two sweep one span; the second finds no
	 * marks left and frees what is in use: early_free, on any machine.
	 * pairs with: sweep_span() */
	if (load_acquire(&s->state) != unswept)
		return false;
	store_release(&s->state, unswept + 1);
	return true;
#else
	/* The race lost: another sweeper. relaxed: the world has been stopped
	 * since the span was left so */
	return cas_relaxed(&s->state, &unswept, unswept + 1);
#endif
}

static void poison_object(struct span *s, uint32_t i)
{
	uint64_t *word = (uint64_t *)(s->base + (size_t)i * s->size);
	for (size_t k = 0; k < s->size / sizeof *word; k++)
		word[k] = HEAP_POISON;
}

static void tell_watches(struct span *s, const uint64_t *dead)
{
	mutex_lock(&s->lock);
	for (struct watch **at = &s->watches; *at;) {
		struct watch *w = *at;
		if (!(dead[w->object / 64] >> w->object % 64 & 1)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		/* pairs with: whoever watches — it is the heap's no more */
		fetch_add_release(&w->freed, 1);
	}
	mutex_unlock(&s->lock);
}

void sweep_span(struct heap *h, struct span *s)
{
	uint64_t dead[HEAP_BITS], freed = 0;
	s->next = s->used = 0;
	for (unsigned i = 0; i < HEAP_BITS; i++) {
		/* relaxed: the world stood still since they were set */
		uint64_t stays = load_relaxed(&s->marked[i]);
		/* relaxed: the next to set them are ordered by sweepers'
		 * ends */
		store_relaxed(&s->marked[i], 0);
		dead[i] = s->taken[i] & ~stays;
		s->taken[i] &= stays;
		s->used += (uint32_t)__builtin_popcountll(s->taken[i]);
		freed += (uint64_t)__builtin_popcountll(dead[i]);
		for (uint64_t left = h->poison ? dead[i] : 0; left; left &= left - 1)
			poison_object(s, i * 64 + (uint32_t)__builtin_ctzll(left));
	}
	tell_watches(s, dead);
	/* pairs with: sweep_ensure() — what its objects are now */
	store_release(&s->state, heap_generation(h));
	/* relaxed: figures */
	fetch_add_relaxed(&h->freed, freed);
	fetch_add_relaxed(&h->swept, 1);
}

void sweep_put(struct heap *h, struct span *s)
{
	if (s->used == 0)
		pages_free(h, s);
	else
		span_push(heap_set(h, s->class, s->used == s->objects, true), s);
}

/* Somebody else may have swept it, who has put it where it belongs. */
static void sweep_popped(struct heap *h, struct span *s)
{
	if (!sweep_begin(h, s))
		return;
#ifdef BUG_PUT_EARLY
	/* swapped: a span is given away when it is swept. Whoever allocates
	 * from it takes objects that the sweeper frees: early_free, on any
	 * machine. */
	sweep_put(h, s);
	sweep_span(h, s);
#else
	sweep_span(h, s);
	sweep_put(h, s);
#endif
}

bool sweep_one(struct heap *h)
{
	/* relaxed: a hint; the sets say */
	for (uint32_t i = load_relaxed(&h->cursor); i < h->classes; i++) {
		struct span *s = span_pop(heap_set(h, i, true, false));
		if (!s)
			s = span_pop(heap_set(h, i, false, false));
		if (s) {
			sweep_popped(h, s);
			return true;
		}
		uint32_t seen = i;
		/* The race lost: another sweeper, further on or not yet here.
		 * relaxed: a hint */
		cas_relaxed(&h->cursor, &seen, i + 1);
	}
	return false;
}

void sweep_ensure(struct heap *h, struct span *s)
{
	uint32_t swept = heap_generation(h);
	/* pairs with: sweep_span(), refill(), put_back() */
	for (uint32_t state; (state = load_acquire(&s->state)) != swept && state != swept + 1;)
		if (state == swept - 2)
			sweep_popped(h, s);
		else
			world_relax();
}
