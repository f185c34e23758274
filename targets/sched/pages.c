/* Pages of the heap's arena, and the structs of spans, which stay such for
 * ever: whoever is late may look at the state of one that is free again.
 */
#include <errno.h>
#include <string.h>

#include "base/world.h"
#include "sched/heap.h"

enum { COMMIT_PAGES = 512, STRUCTS = 63 };

struct span_structs {
	struct span_structs *older;
	struct span span[STRUCTS];
};

/* Of the heap's pages, how many make a page of the world. */
static uint32_t step_of_world(void)
{
	/* unreached: no x86 has larger pages */
	return world_page() > HEAP_PAGE ? (uint32_t)(world_page() / HEAP_PAGE) : 1;
}

static uint32_t words(const struct heap *h)
{
	return (h->pages + 63) / 64;
}

static bool get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static uint64_t bit_of(uint32_t i)
{
	return UINT64_C(1) << i % 64;
}

/* What of_page[] takes, and the two sets of bits behind it. */
static size_t table_bytes(const struct heap *h)
{
	return h->pages * sizeof *h->of_page + 2 * words(h) * sizeof *h->used;
}

int pages_init(struct heap *h, size_t bytes)
{
	uint32_t together = step_of_world();
	h->pages = (uint32_t)((bytes + HEAP_PAGE - 1) / HEAP_PAGE + together - 1) / together *
		   together;
	h->base = world_reserve((size_t)h->pages * HEAP_PAGE);
	if (!h->base)
		return -ENOMEM;
	h->of_page = world_map(table_bytes(h));
	h->used = (uint64_t *)(h->of_page + h->pages);
	h->dirty = h->used + words(h);
	mutex_init(&h->lock);
	return 0;
}

void pages_end(struct heap *h)
{
	world_unmap(h->base, (size_t)h->pages * HEAP_PAGE);
	while (h->blocks) {
		struct span_structs *b = h->blocks;
		h->blocks = b->older;
		world_unmap(b, sizeof *b);
	}
	world_unmap(h->of_page, table_bytes(h));
}

/* --- below, the lock is held --- */

static struct span *take_struct(struct heap *h)
{
	if (!h->spare) {
		struct span_structs *b = world_map(sizeof *b);
		b->older = h->blocks;
		h->blocks = b;
		for (unsigned i = 0; i < STRUCTS; i++) {
			b->span[i].link = h->spare;
			h->spare = &b->span[i];
		}
	}
	struct span *s = h->spare;
	h->spare = s->link;
	return s;
}

/* The first of so many free pages below `committed`, or that. */
static uint32_t find(const struct heap *h, uint32_t pages)
{
	uint32_t run = 0;
	for (uint32_t i = h->lowest; i < h->committed; i++) {
		if (run == 0 && i % 64 == 0 && h->used[i / 64] == ~UINT64_C(0)) {
			i += 63;
			continue;
		}
		run = get(h->used, i) ? 0 : run + 1;
		if (run == pages)
			return i + 1 - pages;
	}
	return h->committed;
}

static bool commit_more(struct heap *h, uint32_t pages)
{
	uint32_t more = pages > COMMIT_PAGES ? pages : COMMIT_PAGES;
	if (more > h->pages - h->committed)
		more = h->pages - h->committed;
	if (more < pages ||
	    world_commit(h->base + (size_t)h->committed * HEAP_PAGE, (size_t)more * HEAP_PAGE) != 0)
		return false;
	h->committed += more;
	return true;
}

static bool take_pages(struct heap *h, uint32_t pages, uint32_t *first)
{
	*first = find(h, pages);
	if (*first == h->committed && !commit_more(h, pages))
		return false;
	for (uint32_t i = *first; i < *first + pages; i++) {
		uint64_t bit = bit_of(i);
		h->used[i / 64] |= bit;
		h->dirty[i / 64] |= bit;
	}
	if (pages == 1)
		h->lowest = *first + 1;
	h->in_use += pages;
	return true;
}

/* --- for the heap --- */

struct span *pages_take(struct heap *h, uint32_t pages)
{
	uint32_t first;
	struct span *s = NULL;
	mutex_lock(&h->lock);
	if (take_pages(h, pages, &first)) {
		s = take_struct(h);
		for (uint32_t i = first; i < first + pages; i++)
			h->of_page[i] = s;
	}
	mutex_unlock(&h->lock);
	if (!s)
		return NULL;
	s->base = h->base + (size_t)first * HEAP_PAGE;
	s->pages = pages;
	s->next = s->used = 0;
	memset(s->taken, 0, sizeof s->taken);
	uint64_t *word = (uint64_t *)s->base;
	for (size_t i = 0; h->poison && i < (size_t)pages * HEAP_PAGE / sizeof *word; i++)
		word[i] = HEAP_POISON;
	return s;
}

void pages_free(struct heap *h, struct span *s)
{
	uint32_t first = (uint32_t)((size_t)(s->base - h->base) / HEAP_PAGE);
	mutex_lock(&h->lock);
	for (uint32_t i = first; i < first + s->pages; i++) {
		uint64_t bit = bit_of(i);
		h->used[i / 64] &= ~bit;
		h->of_page[i] = NULL;
	}
	h->lowest = first < h->lowest ? first : h->lowest;
	h->in_use -= s->pages;
	s->pages = 0;
	s->link = h->spare;
	h->spare = s;
	mutex_unlock(&h->lock);
	/* relaxed: a figure */
	fetch_add_relaxed(&h->spans_freed, 1);
}

static bool returnable(const struct heap *h, uint32_t first, uint32_t n)
{
	bool all = true, some = false;
	for (uint32_t i = first; i < first + n; i++) {
		all &= !get(h->used, i);
		some |= get(h->dirty, i);
	}
	return all && some;
}

uint32_t pages_return(struct heap *h)
{
	uint32_t n = 0, step = step_of_world();
	mutex_lock(&h->lock);
	for (uint32_t i = 0, run; i < h->committed; i += run ? run : step) {
		for (run = 0; i + run < h->committed && returnable(h, i + run, step); run += step)
			for (uint32_t k = 0; k < step; k++)
				h->dirty[(i + run + k) / 64] &= ~bit_of(i + run + k);
		if (run > 0)
			world_discard(h->base + (size_t)i * HEAP_PAGE, (size_t)run * HEAP_PAGE);
		n += run;
	}
	mutex_unlock(&h->lock);
	/* relaxed: a figure */
	fetch_add_relaxed(&h->returned, n);
	return n;
}
