#include "sched/heap.h"

/* Where a span was found: in seen[], by its first page. */
static void find(struct heap_audit *a, const struct heap *h, uint8_t *seen, struct span *s)
{
	a->twice += seen[(size_t)(s->base - h->base) / HEAP_PAGE]++ > 0;
}

static void count_set(struct heap_audit *a, struct heap *h, uint8_t *seen, uint32_t class,
		      bool full, bool swept)
{
	struct span_set *set = heap_set(h, class, full, swept);
	/* relaxed: here and below, nobody uses the heap */
	uint64_t index = load_relaxed(&set->index);
	wordptr *spine = (wordptr *)load_relaxed(&set->spine);
	for (uint32_t i = span_head(index); i < span_tail(index); i++) {
		/* relaxed: as above, both */
		struct span_block *b = (struct span_block *)load_relaxed(&spine[i >> set->shift]);
		struct span *s =
			(struct span *)load_relaxed(&b->entry[i & ((1u << set->shift) - 1)]);
		/* relaxed: as above */
		uint32_t state = load_relaxed(&s->state);
		uint32_t due = heap_generation(h) - (swept ? 0 : 2);
		if (!swept && state != due)
			continue; /* somebody swept it where it was */
		find(a, h, seen, s);
		a->in_sets++;
		/* unreached: an oracle of what is misplaced */
		a->misplaced += s->class != class || state != due || s->pages == 0 ||
				(swept && full != (s->used == s->objects));
	}
}

static void look_into(struct heap_audit *a, const struct heap *h, const struct span *s)
{
	uint32_t used = 0;
	for (uint32_t i = 0; i < s->objects; i++) {
		if (s->taken[i / 64] >> i % 64 & 1) {
			used++;
			continue;
		}
		const uint64_t *word = (const uint64_t *)(s->base + (size_t)i * s->size);
		bool right = true;
		for (size_t k = 0; h->poison && k < s->size / sizeof *word; k++)
			right &= word[k] == HEAP_POISON;
		a->bad_free += !right;
	}
	a->live += used;
	a->misplaced += used != s->used;
}

struct heap_audit heap_audit(struct heap *h, struct heap_cache *const *caches, unsigned n)
{
	struct heap_audit a = { 0 };
	uint8_t *seen = world_map(h->pages);
	for (uint32_t class = 0; class < h->classes; class++)
		for (unsigned i = 0; i < 4; i++)
			count_set(&a, h, seen, class, i & 1, i & 2);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; caches[i] && k < h->classes; k++)
			if (caches[i]->span[k]) {
				find(&a, h, seen, caches[i]->span[k]);
				a.cached++;
			}
	for (uint32_t i = 0; i < h->committed;) {
		struct span *s = h->of_page[i];
		if (!s) {
			i++;
			continue;
		}
		a.spans++;
		a.pages += s->pages;
		a.lost += !seen[i];
		look_into(&a, h, s);
		i += s->pages;
	}
	world_unmap(seen, h->pages);
	return a;
}
