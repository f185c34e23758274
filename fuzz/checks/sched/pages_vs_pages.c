/* Two take pages of one heap, and give them back to it and to the world, at
 * once. */
#include <string.h>

#include "checks/must.h"
#include "sched/heap.h"

enum { PAGES = 8, TAKEN = 2 };

struct state {
	struct heap heap;
};

static void use(struct heap *h, int who)
{
	struct span *s[TAKEN];
	for (int i = 0; i < TAKEN; i++) {
		s[i] = pages_take(h, 1 + (uint32_t)i);
		must(s[i] && s[i]->pages == 1 + (uint32_t)i, "there are no pages, or others");
		s[i]->base[0] = (char)(who + 1);
		must(heap_span_of(h, s[i]->base) == s[i], "a page is another's");
	}
	for (int i = 0; i < TAKEN; i++) {
		must(s[i]->base[0] == who + 1, "two have one page");
		pages_free(h, s[i]);
		pages_return(h);
	}
}

static void one(void *state, struct slot *me)
{
	use(&((struct state *)state)->heap, 0);
	came_through(me);
}

static void other(void *state, struct slot *me)
{
	use(&((struct state *)state)->heap, 1);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(s, 0, sizeof *s);
	must(pages_init(&s->heap, PAGES * HEAP_PAGE) == 0, "no heap");
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	return judge_two(slots, slots[0].got[0] && slots[1].got[0] && s->heap.in_use == 0);
}

CASE(pages_vs_pages,
     .purpose = "two take and give back pages of one heap at once",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "one", one }, { "other", other } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
