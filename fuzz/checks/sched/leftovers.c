/* Spans that somebody swept where they were, in an unswept set: whoever looks
 * there for one passes over so many, keeps what is full where it belongs, and
 * makes one. */
#include <string.h>

#include "checks/must.h"
#include "checks/peek.h"
#include "sched/heap.h"
#include "world.h"

enum { SPANS = 110, PAGES = 2 * SPANS, LOOKS = 100, BYTES = HEAP_SMALL, CLASS = 2 * HEAP_SIZES };
enum { OBJECTS = HEAP_PAGE / BYTES };

struct state {
	struct heap heap;
	struct marking marking;
	struct heap_cache cache[SPANS], user;
	char *object[SPANS];
};

static UNSEEN uint32_t popped(const struct span_set *set)
{
	return span_head(peek(&set->index));
}

/* Spans with an object each, from caches of their own; the first has as many as
 * it has room for. full: the others, too, are kept where those without room
 * are. */
static void make_spans(struct state *s, bool full)
{
	memset(s->cache, 0, sizeof s->cache);
	for (int i = 0; i < SPANS; i++)
		for (int k = 0; k < (full && i == 0 ? OBJECTS : 1); k++)
			s->object[i] = heap_alloc(&s->heap, &s->cache[i], BYTES, false);
	for (int i = 0; i < SPANS; i++) {
		if (full)
			heap_span_of(&s->heap, s->object[i])->used = OBJECTS;
		heap_flush(&s->heap, &s->cache[i]);
	}
}

/* The next generation, in which the first `stay` spans are as they are. */
static void collect(struct state *s, int stay)
{
	struct marker m;
	mark_begin(&m, &s->marking, &s->heap);
	for (int i = 0; i < stay; i++)
		for (int k = 0; k < OBJECTS; k++)
			must(mark_object(&m, s->object[i] - k * BYTES), "it is an object");
	mark_end(&m);
	mark_done(&s->heap);
}

/* All spans but the first `left` are swept where they are, and are free
 * pages. */
static void sweep_in_place(struct state *s, int left)
{
	for (int i = left; i < SPANS; i++)
		sweep_ensure(&s->heap, heap_span_of(&s->heap, s->object[i]));
}

static void must_be_sound(struct state *s, uint64_t live)
{
	struct heap_cache *caches[] = { &s->user };
	settle();
	struct heap_audit a = heap_audit(&s->heap, caches, 1);
	must(a.live == live && !a.lost && !a.twice && !a.misplaced && !a.bad_free,
	     "spans do not add up");
}

/* Allocates where nothing is but leftovers, and a span without room. */
static void look_among(struct state *s, bool full)
{
	struct span_set *set = heap_set(&s->heap, CLASS, full, false);
	uint32_t before = popped(set);
	uint64_t spans = peek(&s->heap.spans);
	must(heap_alloc(&s->heap, &s->user, BYTES, false), "no room");
	settle();
	must(popped(set) == before + LOOKS, "it looked more or less often");
	must(peek(&s->heap.spans) == spans + 1, "no span was made");
}

static void sweep_all(struct state *s)
{
	while (sweep_one(&s->heap))
		;
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	memset(s, 0, sizeof *s);
	must(heap_init(&s->heap, (size_t)PAGES * HEAP_PAGE, HEAP_SMALL, 1, false) == 0, "no heap");
	marking_init(&s->marking);
	make_spans(s, false);
	collect(s, 0);
	sweep_in_place(s, 0);
	look_among(s, false);
	must_be_sound(s, 1);
	sweep_all(s);
	heap_flush(&s->heap, &s->user);
	collect(s, 0);
	sweep_all(s);
	make_spans(s, true);
	collect(s, 1);
	sweep_in_place(s, 1);
	look_among(s, true);
	must_be_sound(s, OBJECTS + 1);
	marking_end(&s->marking);
	heap_end(&s->heap);
	must(world_regions() == 0, "memory was not given back");
	came_through(me);
}

CASE(leftovers,
     .purpose = "spans swept where they are, among which one with room is looked for",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
