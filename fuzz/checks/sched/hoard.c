/* Pages of a heap against a list of what they should be: the first that fit are
 * taken, what is given back is used again, and every figure. */
#include <string.h>

#include "checks/must.h"
#include "sched/heap.h"
#include "world.h"

/* More pages than are committed at once, and spans than one block of structs
 * has room for. */
enum { PAGES = 560, FIRST = 512, SPANS = 80, STEPS = 900, FEW = 5, MANY = 100 };

struct state {
	struct heap heap;
	bool used[PAGES], dirty[PAGES];
	uint32_t committed, in_use, lowest;
	uint64_t freed, returned;
	struct span *span[SPANS];
	uint32_t first[SPANS], pages[SPANS];
	uint32_t spans, most;
};

/* The first of so many free pages; PAGES: there are none. */
static uint32_t expect_take(struct state *s, uint32_t pages)
{
	uint32_t run = 0, i = 0;
	while (i < s->committed && run < pages)
		run = s->used[i++] ? 0 : run + 1;
	uint32_t at = run == pages ? i - pages : s->committed;
	if (at == s->committed) {
		uint32_t more = pages > FIRST ? pages : FIRST;
		more = more > PAGES - s->committed ? PAGES - s->committed : more;
		if (more < pages)
			return PAGES;
		s->committed += more;
	}
	for (i = at; i < at + pages; i++)
		s->used[i] = s->dirty[i] = true;
	s->in_use += pages;
	if (pages == 1)
		s->lowest = at + 1;
	return at;
}

static void take(struct state *s, uint32_t pages)
{
	uint32_t at = expect_take(s, pages);
	struct span *span = pages_take(&s->heap, pages);
	must(!span == (at == PAGES), "there are pages, or there are none");
	if (!span)
		return;
	must(span->base == s->heap.base + (size_t)at * HEAP_PAGE && span->pages == pages,
	     "other pages than the first that fit");
	must(span->used == 0 && span->next == 0 && span->taken[0] == 0, "a new span has a past");
	for (uint32_t i = 0; i < s->spans; i++)
		must(s->span[i] != span, "two spans are one");
	s->span[s->spans] = span;
	s->first[s->spans] = at;
	s->pages[s->spans++] = pages;
	s->most = s->spans > s->most ? s->spans : s->most;
}

static void give(struct state *s, uint32_t which)
{
	pages_free(&s->heap, s->span[which]);
	must(s->span[which]->pages == 0, "a free span has pages");
	for (uint32_t i = 0; i < s->pages[which]; i++)
		s->used[s->first[which] + i] = false;
	s->in_use -= s->pages[which];
	if (s->first[which] < s->lowest)
		s->lowest = s->first[which];
	s->freed++;
	s->spans--;
	s->span[which] = s->span[s->spans];
	s->first[which] = s->first[s->spans];
	s->pages[which] = s->pages[s->spans];
}

static void give_back(struct state *s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->committed; i++)
		if (!s->used[i] && s->dirty[i]) {
			s->dirty[i] = false;
			n++;
		}
	s->returned += n;
	must(pages_return(&s->heap) == n, "other pages were given back than free ones");
}

static void compare(const struct state *s)
{
	const struct heap *h = &s->heap;
	must(h->in_use == s->in_use && h->committed == s->committed, "pages do not add up");
	must(h->lowest == s->lowest, "it looks for pages elsewhere than it could");
	/* relaxed: nobody else is there */
	must(load_relaxed((word64 *)&h->spans_freed) == s->freed &&
		     load_relaxed((word64 *)&h->returned) == s->returned, "figures do not add up");
	for (uint32_t i = 0; i < s->spans; i++) {
		uint32_t last = s->first[i] + s->pages[i] - 1;
		must(h->of_page[s->first[i]] == s->span[i] && h->of_page[last] == s->span[i],
		     "a page is another span's");
	}
	for (uint32_t i = 0; i < PAGES; i += 7)
		must(!h->of_page[i] == !s->used[i], "a free page is somebody's");
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t random = 1;
	memset(s, 0, sizeof *s);
	must(pages_init(&s->heap, (size_t)PAGES * HEAP_PAGE) == 0, "no heap");
	unsigned regions = world_regions();
	for (int step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		uint32_t value = random >> 20, much = random >> 16 & 15;
		/* By and by it fills up and empties. */
		bool fills = step / 300 % 2 == 0;
		if (much == 0)
			give_back(s);
		else if (s->spans > 0 && (s->spans == SPANS || (much > 12) == fills))
			give(s, value % s->spans);
		else
			take(s, 1 + value % (much == 1 ? MANY : FEW));
		compare(s);
	}
	must(s->most > 63, "too few spans");
	must(world_regions() == regions + (s->most + 62) / 63,
	     "structs of spans are not used again");
	while (s->spans > 0)
		give(s, 0);
	give_back(s);
	compare(s);
	pages_end(&s->heap);
	must(world_regions() == 0, "memory was not given back");
	came_through(me);
}

CASE(hoard,
     .purpose = "pages of a heap against a list of what they should be",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
