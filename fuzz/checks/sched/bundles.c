/* More to look into than a marker has room for at once: all of it is found, but
 * nothing to which only garbage leads; and the room for it is given back. */
#include <string.h>

#include "checks/must.h"
#include "checks/peek.h"
#include "sched/heap.h"
#include "world.h"

enum { OBJECTS = 600, BYTES = 16, LAST = OBJECTS - 1, PAGES = 4, ROOMS = 8 /* mapped together */ };

struct state {
	struct heap heap;
	struct marking marking;
	struct heap_cache cache;
	char *object[OBJECTS];
};

/* Each leads to one without pointers, of which there are as many, by its last
 * word; the last one by its first. */
static void plant(struct state *s)
{
	for (int i = 0; i < OBJECTS; i++) {
		s->object[i] = heap_alloc(&s->heap, &s->cache, BYTES, true);
		must(s->object[i], "no room");
	}
	for (int i = 0; i < OBJECTS; i++) {
		void *leaf = heap_alloc(&s->heap, &s->cache, BYTES, false);
		must(leaf, "no room");
		memcpy(s->object[i] + (i == LAST ? 0 : BYTES - sizeof leaf), &leaf, sizeof leaf);
	}
}

static unsigned on_stack(struct stack *stack)
{
	unsigned n = 0;
	while (stack_pop(stack))
		n++;
	return n;
}

static UNSEEN void must_be_marked(const struct state *s)
{
	int marked = 0;
	for (uint32_t page = 0; page < PAGES; page++) {
		const struct span *span = s->heap.of_page[page];
		for (uint32_t i = 0; span && i < HEAP_BITS; i++) {
			must((peek(&span->marked[i]) & ~span->taken[i]) == 0, "none was marked");
			marked += __builtin_popcountll(peek(&span->marked[i]));
		}
	}
	must(marked == 2 * LAST, "an object was not marked, or garbage was");
}

static void cycle(struct state *s)
{
	struct marker m;
	mark_begin(&m, &s->marking, &s->heap);
	for (int i = 0; i < LAST; i++)
		must(mark_object(&m, s->object[i]), "an object was not marked");
	must(!mark_object(&m, s->object[LAST] + BYTES), "one that is free was marked");
	mark_end(&m);
	settle();
	must_be_marked(s);
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	memset(s, 0, sizeof *s);
	must(heap_init(&s->heap, PAGES * HEAP_PAGE, HEAP_SMALL, 1, false) == 0, "no heap");
	marking_init(&s->marking);
	plant(s);
	unsigned regions = world_regions();
	cycle(s);
	must(!stack_pop(&s->marking.full), "something was not looked into");
	must(on_stack(&s->marking.empty) == ROOMS * (world_regions() - regions),
	     "room for what is to be looked into is lost");
	marking_end(&s->marking);
	must(world_regions() == regions, "memory was not given back");
	heap_end(&s->heap);
	came_through(me);
}

CASE(bundles,
     .purpose = "more to look into than a marker has room for at once",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
