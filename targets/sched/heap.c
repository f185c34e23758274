#include "sched/heap.h"

#include <errno.h>
#include <string.h>

#include "base/world.h"

enum { SETS_SPINE = 4, FEWEST_ENTRIES = 64, PATIENCE = 100, GRAIN = 16 };

/* --- classes --- */

static const uint16_t bytes_of[HEAP_SIZES + 1] = { 0,	16,  32,  48,  64,   96,  128,
						   192, 256, 384, 512, 1024, HEAP_SMALL };

/* The smallest that has room for that many bytes; 0: large. */
static uint32_t size_class(size_t bytes)
{
	static const uint8_t of_grains[HEAP_SMALL / GRAIN + 1] = {
#define UP(a, b, class) [(a) / GRAIN + 1 ... (b) / GRAIN] = class
		[0] = 1, UP(0, 16, 1), UP(16, 32, 2), UP(32, 48, 3), UP(48, 64, 4),
		UP(64, 96, 5), UP(96, 128, 6), UP(128, 192, 7), UP(192, 256, 8),
		UP(256, 384, 9), UP(384, 512, 10), UP(512, 1024, 11), UP(1024, HEAP_SMALL, 12),
#undef UP
	};
	return bytes > HEAP_SMALL ? 0 : of_grains[(bytes + GRAIN - 1) / GRAIN];
}

static uint32_t class_of(const struct heap *h, size_t bytes, bool pointers)
{
	uint32_t class = 2 * size_class(bytes) + pointers;
	return class < h->classes ? class : pointers;
}

struct span_set *heap_set(struct heap *h, uint32_t class, bool full, bool swept)
{
	unsigned i = (heap_generation(h) / 2 + !swept) % 2;
	struct span_class *c = &h->class[class];
	return full ? &c->full[i] : &c->partial[i];
}

int heap_init(struct heap *h, size_t bytes, size_t small, uint32_t pushers, bool poison)
{
	uint32_t entries = span_entries_for(pushers);
	/* Free locks, memory without regions, generation 0. */
	memset(h, 0, sizeof *h);
	h->poison = poison;
	if (pages_init(h, bytes) != 0)
		return -ENOMEM;
	span_pool_init(&h->pool, &h->memory, entries < FEWEST_ENTRIES ? FEWEST_ENTRIES : entries,
		       poison);
	for (unsigned i = 0; i <= HEAP_SIZES; i++)
		h->classes += bytes_of[i] <= small ? 2 : 0;
	h->class = world_map(h->classes * sizeof *h->class);
	for (unsigned i = 0; i < h->classes; i++)
		for (unsigned k = 0; k < 2; k++) {
			span_set_init(&h->class[i].partial[k], &h->pool, SETS_SPINE);
			span_set_init(&h->class[i].full[k], &h->pool, SETS_SPINE);
		}
	return 0;
}

void heap_end(struct heap *h)
{
	world_unmap(h->class, h->classes * sizeof *h->class);
	span_memory_end(&h->memory);
	pages_end(h);
}

struct span *heap_span_of(const struct heap *h, const void *p)
{
	uintptr_t at = (uintptr_t)p - (uintptr_t)h->base;
	return at < (uintptr_t)h->pages * HEAP_PAGE ? h->of_page[at / HEAP_PAGE] : NULL;
}

/* --- spans for caches --- */

/* A swept span with room, from the sets. */
static struct span *span_from_sets(struct heap *h, uint32_t class)
{
	struct span *s = span_pop(heap_set(h, class, false, true));
	if (s)
		return s;
	/* Others may have swept what is popped. */
	for (int tries = 0; tries < PATIENCE; tries++) {
		s = span_pop(heap_set(h, class, false, false));
		if (!s)
			break;
		if (!sweep_begin(h, s))
			continue;
		sweep_span(h, s);
		return s;
	}
	for (int tries = 0; tries < PATIENCE; tries++) {
		s = span_pop(heap_set(h, class, true, false));
		if (!s)
			break;
		if (!sweep_begin(h, s))
			continue;
		sweep_span(h, s);
		if (s->used < s->objects)
			return s;
		span_push(heap_set(h, class, true, true), s);
	}
	return NULL;
}

static struct span *new_span(struct heap *h, uint32_t class, size_t bytes)
{
	uint32_t pages = class < 2 ? (uint32_t)((bytes + HEAP_PAGE - 1) / HEAP_PAGE) : 1;
	struct span *s = pages_take(h, pages);
	if (!s)
		return NULL;
	s->class = class;
	s->size = class < 2 ? pages * HEAP_PAGE : bytes_of[class / 2];
	s->objects = pages * HEAP_PAGE / s->size;
	/* relaxed: a figure */
	fetch_add_relaxed(&h->spans, 1);
	return s;
}

static void put_back(struct heap *h, struct span *s)
{
	/* pairs with: sweep_ensure() — what its objects are */
	store_release(&s->state, heap_generation(h));
	span_push(heap_set(h, s->class, s->used == s->objects, true), s);
}

void heap_flush(struct heap *h, struct heap_cache *c)
{
	for (unsigned i = 0; i < h->classes; i++) {
		if (c->span[i])
			put_back(h, c->span[i]);
		c->span[i] = NULL;
	}
}

/* Exchanges a cache's span, which is full, for one with room. */
static struct span *refill(struct heap *h, struct heap_cache *c, uint32_t class, size_t bytes)
{
	if (c->span[class])
		put_back(h, c->span[class]);
	c->span[class] = NULL;
	/* Of large ones, each has its own size. */
	struct span *s = class < 2 ? NULL : span_from_sets(h, class);
	if (!s)
		s = new_span(h, class, bytes);
	if (!s)
		return NULL;
	/* pairs with: sweep_ensure() */
	store_release(&s->state, heap_generation(h) + 1);
	return c->span[class] = s;
}

/* --- objects --- */

/* The next free object of a span, which is taken then; its number or
 * s->objects. */
static uint32_t take_object(struct span *s)
{
	for (uint32_t i = s->next; i < s->objects; i = (i | 63) + 1) {
		uint64_t free = ~s->taken[i / 64] & ~UINT64_C(0) << i % 64;
		if (!free)
			continue;
		i = (i & ~63u) + (uint32_t)__builtin_ctzll(free);
		if (i >= s->objects)
			break;
		s->taken[i / 64] |= UINT64_C(1) << i % 64;
		s->next = i + 1;
		s->used++;
		return i;
	}
	s->next = s->objects;
	return s->objects;
}

/* Nobody has written to it since it was freed. */
static void check_poison(struct heap *h, const uint64_t *object, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof *object; i++)
		/* unreached: an oracle of early frees */
		if (object[i] != HEAP_POISON) {
			/* relaxed: a figure */
			fetch_add_relaxed(&h->written, 1);
			return;
		}
}

void *heap_alloc(struct heap *h, struct heap_cache *c, size_t bytes, bool pointers)
{
	uint32_t class = class_of(h, bytes, pointers), i = 0;
	struct span *s = c->span[class];
	while (!s || (i = take_object(s)) == s->objects) {
		s = refill(h, c, class, bytes);
		if (!s)
			return NULL;
	}
	c->allocated++;
	char *object = s->base + (size_t)i * s->size;
	if (h->poison)
		check_poison(h, (const uint64_t *)object, s->size);
	memset(object, 0, s->size);
	return object;
}

void heap_watch(struct heap *h, void *object, struct watch *w)
{
	struct span *s = heap_span_of(h, object);
	w->object = (uint32_t)((uintptr_t)object - (uintptr_t)s->base) / s->size;
	word_init(&w->freed, 0);
	/* Or a sweeper might look through the list while it changes. */
	sweep_ensure(h, s);
	mutex_lock(&s->lock);
	w->next = s->watches;
	s->watches = w;
	mutex_unlock(&s->lock);
}
