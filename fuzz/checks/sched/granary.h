/* A heap against a list of its objects: who gets which memory, what a cycle
 * frees, which spans are made, and every figure. One thread, two caches. */
#ifndef FUZZ_CHECKS_SCHED_GRANARY_H
#define FUZZ_CHECKS_SCHED_GRANARY_H

#include <string.h>

#include "checks/must.h"
#include "checks/peek.h"
#include "sched/heap.h"
#include "world.h"

enum {
	PAGES = 40, OBJECTS = 240, STEPS = 280, CACHES = 2, SIZES = 16,
	DIRT = 0xa5, CYCLES = 70 /* steps between two, about */
};

/* Bytes asked for, and what they take in a heap where all are small. */
static const size_t asked[SIZES] = { 1, 16, 17, 33, 64, 65, 128, 129, 256, 384, 500, 1024,
				     2048, 8193, 0, 2 * HEAP_PAGE };
static const size_t given[SIZES] = { 16, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024,
				     2048, 2 * HEAP_PAGE, 16, 2 * HEAP_PAGE };

struct object {
	char *at; /* NULL: none */
	size_t bytes;
	struct watch watch;
	struct span *span;
	int leads_to; /* another object's number; -1: nowhere */
	bool pointers, root, reached;
};

struct state {
	struct heap heap;
	struct marking marking;
	struct heap_cache cache[CACHES];
	struct object object[OBJECTS];
	size_t small;
	bool poison;
	unsigned objects;    /* in use, unswept garbage included */
	uint64_t made, freed;
};

static UNSEEN uint32_t figure(const word64 *w)
{
	return (uint32_t)peek(w);
}

static UNSEEN uint32_t generation(const struct state *s)
{
	return peek(&s->heap.generation);
}

static UNSEEN uint32_t state_of(const struct span *s)
{
	return peek(&s->state);
}

static UNSEEN bool is_cached(const struct state *s, const struct span *span)
{
	for (int i = 0; i < CACHES; i++)
		for (unsigned k = 0; k < s->heap.classes; k++)
			if (s->cache[i].span[k] == span)
				return true;
	return false;
}

/* Of a span's objects those that are free, or garbage of the last cycle, which
 * is free once it is swept. */
static UNSEEN unsigned free_in(struct state *s, const struct span *span)
{
	unsigned n = span->objects;
	for (int i = 0; i < OBJECTS; i++) {
		const struct object *o = &s->object[i];
		n -= o->at && o->span == span &&
		     (o->reached || state_of(o->span) != generation(s) - 2);
	}
	return n;
}

/* Whether a span of that size has room, but for those in other caches. */
static UNSEEN bool is_room(struct state *s, const struct heap_cache *c, size_t size, bool pointers)
{
	for (uint32_t i = 0; i < s->heap.pages; i++) {
		struct span *span = s->heap.of_page[i];
		if (!span || span->size != size || span->class % 2 != pointers ||
		    span->class < 2 || (is_cached(s, span) && c->span[span->class] != span))
			continue;
		if (free_in(s, span) > 0)
			return true;
	}
	return false;
}

static UNSEEN void compare(struct state *s)
{
	struct heap *h = &s->heap;
	uint32_t g = generation(s), in_use = 0;
	for (uint32_t i = 0; i < h->pages; i++) {
		struct span *span = h->of_page[i];
		if (!span)
			continue;
		in_use++;
		must(state_of(span) == (is_cached(s, span) ? g + 1 : g) ||
			     (state_of(span) == g - 2 && !is_cached(s, span)),
		     "a span is in another state");
	}
	must(in_use == h->in_use, "pages are counted wrong");
	must(figure(&h->written) == 0, "a free object was written to");
	must(s->cache[0].allocated + s->cache[1].allocated == s->made,
	     "objects are counted wrong");
}

static UNSEEN void forget_swept(struct state *s)
{
	for (int i = 0; i < OBJECTS; i++) {
		struct object *o = &s->object[i];
		uint32_t freed = o->at ? peek(&o->watch.freed) : 0;
		if (!freed)
			continue;
		must(freed == 1 && !o->reached, "an object that is in use was freed, or twice");
		o->at = NULL;
		s->objects--;
		s->freed++;
	}
	must(figure(&s->heap.freed) == s->freed, "frees are counted wrong, or not told");
}

static UNSEEN struct object *empty_place(struct state *s)
{
	for (int i = 0; i < OBJECTS; i++)
		if (!s->object[i].at)
			return &s->object[i];
	return NULL;
}

static UNSEEN void must_be_new(const struct state *s, const struct object *o, size_t size,
			       bool large)
{
	const struct span *span = o->span;
	must(span && span->size == size && (size_t)(o->at - span->base) % size == 0 &&
		     (size_t)(o->at - span->base) / size < span->objects,
	     "an object is of another size, or in no span");
	must(large || span->next == (size_t)(o->at - span->base) / size + 1,
	     "an object was skipped, or would be looked at again");
	must(span->objects == span->pages * HEAP_PAGE / size &&
		     span->pages == (large ? size / HEAP_PAGE : 1), "a span is of another size");
	must(large == (span->class < 2) && span->class % 2 == o->pointers,
	     "a span is of another class");
	for (size_t i = 0; i < size; i += 8)
		must(*(const uint64_t *)(o->at + i) == 0, "a new object is not zero");
	for (int i = 0; i < OBJECTS; i++)
		must(&s->object[i] == o || s->object[i].at != o->at, "two objects are one");
}

static void allocate(struct state *s, uint32_t random)
{
	unsigned kind = random % SIZES;
	struct heap_cache *c = &s->cache[random / 16 % CACHES];
	struct object *o = empty_place(s);
	size_t bytes = asked[kind], size = given[kind];
	bool pointers = random / 32 % 2, large = size > s->small;
	if (!o)
		return;
	if (large)
		size = (bytes + HEAP_PAGE - 1) / HEAP_PAGE * HEAP_PAGE;
	bool room = !large && is_room(s, c, size, pointers);
	uint32_t spans = figure(&s->heap.spans);
	char *at = heap_alloc(&s->heap, c, bytes, pointers);
	settle();
	must(at || !room, "there was room");
	forget_swept(s);
	if (!at)
		return; /* the heap is full, for now */
	must(figure(&s->heap.spans) == spans + !room, "a span was made without need, or none");
	*o = (struct object){ .at = at, .bytes = bytes, .pointers = pointers, .leads_to = -1,
			      .root = true, .reached = true,
			      .span = heap_span_of(&s->heap, at) };
	must(heap_span_of(&s->heap, at + size - 1) == o->span, "an object is in two spans");
	must_be_new(s, o, size, large);
	s->made++;
	s->objects++;
	heap_watch(&s->heap, at, &o->watch);
}

/* The last word of one object leads to another. */
static void lead(struct state *s, uint32_t random)
{
	struct object *from = &s->object[random % OBJECTS];
	int to = (int)(random / OBJECTS % OBJECTS);
	if (!from->at || !s->object[to].at || !from->reached || !s->object[to].reached ||
	    !from->root || !s->object[to].root)
		return;
	size_t words = from->span->size / sizeof(void *);
	((void **)from->at)[words - 1] = s->object[to].at + (random & 8);
	from->leads_to = to;
}

static void reach(struct state *s, int i)
{
	while (i >= 0 && !s->object[i].reached) {
		s->object[i].reached = true;
		i = s->object[i].pointers ? s->object[i].leads_to : -1;
	}
}

static UNSEEN void sweep_all(struct state *s)
{
	while (sweep_one(&s->heap))
		;
	settle();
	must(peek(&s->heap.cursor) == s->heap.classes, "a class was not looked at");
	for (uint32_t i = 0; i < s->heap.pages; i++)
		must(!s->heap.of_page[i] ||
			     state_of(s->heap.of_page[i]) != generation(s) - 2,
		     "a span was not swept");
	forget_swept(s);
	for (int i = 0; i < OBJECTS; i++)
		must(!s->object[i].at || s->object[i].reached, "garbage was not freed");
}

/* Pages that are free and were given back are zero. */
static UNSEEN void give_back(struct state *s)
{
	struct heap *h = &s->heap;
	pages_return(h);
	for (uint32_t i = 0; i < h->committed; i++)
		for (size_t k = 0; !h->of_page[i] && k < HEAP_PAGE; k += 512)
			must(*(uint64_t *)(h->base + (size_t)i * HEAP_PAGE + k) == 0,
			     "memory was not given back");
	must(pages_return(h) == 0, "memory was given back twice");
}

static void audit(struct state *s)
{
	struct heap_cache *caches[CACHES] = { &s->cache[0], &s->cache[1] };
	struct heap_audit a = heap_audit(&s->heap, caches, CACHES);
	must(a.live == s->objects && !a.lost && !a.twice && !a.misplaced && !a.bad_free,
	     "objects or spans do not add up");
	must(a.spans == figure(&s->heap.spans) - figure(&s->heap.spans_freed) &&
		     a.pages == s->heap.in_use, "spans do not add up");
}

static void cycle(struct state *s, uint32_t random)
{
	struct marker m[2];
	sweep_all(s);
	give_back(s);
	for (int i = 0; i < CACHES; i++)
		heap_flush(&s->heap, &s->cache[i]);
	settle();
	audit(s);
	for (int i = 0; i < OBJECTS; i++) {
		s->object[i].reached = false;
		s->object[i].root &= (random >> i % 24 & 3) != 0;
	}
	mark_begin(&m[0], &s->marking, &s->heap);
	must(!mark_object(&m[0], s) && !mark_object(&m[0], NULL) &&
		     !mark_object(&m[0], s->heap.base - 1) &&
		     !mark_object(&m[0], s->heap.base + PAGES * HEAP_PAGE),
	     "what is no object was marked");
	for (int i = 0; i < OBJECTS; i++)
		if (s->object[i].at && s->object[i].root) {
			reach(s, i);
			must(mark_object(&m[0], s->object[i].at + s->object[i].bytes -
							(s->object[i].bytes > 0)),
			     "an object was not marked");
		}
	mark_end(&m[0]);
	uint32_t g = generation(s);
	mark_done(&s->heap);
	settle();
	must(generation(s) == g + 2 && peek(&s->heap.cursor) == 0,
	     "a cycle was not counted");
	for (uint32_t i = 0; i < 2 * s->heap.classes; i++)
		must(peek(&heap_set(&s->heap, i / 2, i % 2, true)->index) == 0,
		     "a set of what is swept does not begin anew");
}

static void step(struct state *s, uint32_t random)
{
	uint32_t which = random % CYCLES, more = random / CYCLES;
	if (which == 0)
		cycle(s, more);
	else if (which < 4)
		sweep_one(&s->heap);
	else if (which < 12)
		lead(s, more);
	else
		allocate(s, more);
	settle();
	forget_swept(s);
	compare(s);
}

static void granary_run(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t random = 1;
	must(heap_init(&s->heap, PAGES * HEAP_PAGE, s->small, CACHES, s->poison) == 0, "no heap");
	must(s->heap.pages == PAGES && s->heap.poison == s->poison, "another heap");
	marking_init(&s->marking);
	for (int i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		step(s, random >> 8);
	}
	cycle(s, random);
	cycle(s, 0); /* nothing stays */
	sweep_all(s);
	must(s->objects == 0 && s->heap.in_use == 0 && s->freed == s->made, "not all was freed");
	give_back(s);
	marking_end(&s->marking);
	heap_end(&s->heap);
	must(world_regions() == 0, "memory was not given back");
	came_through(me);
}

static inline void granary_prepare(struct state *s, size_t small, bool poison)
{
	memset(s, 0, sizeof *s);
	memset(&s->heap, DIRT, sizeof s->heap);
	memset(&s->marking, DIRT, sizeof s->marking);
	s->small = small;
	s->poison = poison;
}

#define GRANARY_CASE                                                               \
	.purpose = "a heap against a list of its objects, through some cycles",    \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "user", granary_run } },                                      \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
