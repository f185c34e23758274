/* A cache's span is given back while another cache takes one. */
#include "checks/must.h"
#include "sched/cases/heap_case.h"

enum { TAKEN = 1 };

/* The cache whose span has room. */
static void flusher(void *state, struct slot *me)
{
	struct state *st = state;
	struct heap_cache cache = { .allocated = 0 };
	cache.span[CLASS] = &st->span[0];
	heap_flush(&st->heap, &cache);
	must(!cache.span[CLASS], "a cache has what it gave back");
	came_through(me);
}

/* got[1]: the object's number, from 1; 0: there was no room. */
static void allocator(void *state, struct slot *me)
{
	struct state *st = state;
	struct heap_cache cache = { .allocated = 0 };
	char *object = heap_alloc(&st->heap, &cache, BYTES, false);
	me->got[1] = object ? (object - st->object[0][0]) / BYTES + 1 : 0;
	must(cache.span[CLASS] == (object ? &st->span[0] : NULL), "a cache has another span");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st, 0, 0, 0);
	st->heap.used[0] = 1; /* its only page */
	struct span *s = &st->span[0];
	mutex_init(&s->lock);
	word_init(&s->state, heap_generation(&st->heap) + 1);
	s->base = st->object[0][0];
	s->pages = 1;
	s->objects = OBJECTS;
	s->size = BYTES;
	s->class = CLASS;
	s->used = s->next = 1;
	s->taken[0] = TAKEN;
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	long got = slots[1].got[1];
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	/* relaxed: nothing moves any more */
	bool right = load_relaxed(&st->span[0].state) == heap_generation(&st->heap) + (got != 0);
	return right && (got == 0 || got == 2) && state_spans(st, false, true) == (got == 0)
		       ? CAME_THROUGH : -1;
}

CASE(flush_vs_alloc,
     .purpose = "a cache's span is given back while another cache takes one",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "flusher", flusher }, { "allocator", allocator } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
