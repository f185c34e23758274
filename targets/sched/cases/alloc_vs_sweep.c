/* A processor without a span allocates while a sweeper sweeps spans of that
 * class. */
#include "sched/cases/heap_case.h"

enum { TAKEN = 3, MARKED = 2 };

/* got[0]: the span it got, from 1; got[1]: the object's bit; got[2]: how many
 * spans were unswept just before. */
static void allocator(void *state, struct slot *me)
{
	struct state *st = state;
	struct heap_cache cache = { .allocated = 0 };
	me->got[2] = state_unswept(st, 0) + state_unswept(st, 1);
	char *object = heap_alloc(&st->heap, &cache, BYTES, false);
	long at = (object - st->object[0][0]) / BYTES;
	me->got[0] = at / OBJECTS + 1;
	me->got[1] = 1 << at % OBJECTS;
}

/* got[0]: the first was unswept just after. */
static void sweeper(void *state, struct slot *me)
{
	struct state *st = state;
	sweep_one(&st->heap);
	me->got[0] = state_unswept(st, 0) + state_unswept(st, 1);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, SPANS, TAKEN, MARKED);
}

enum { SWEPT_ITSELF, FOUND_SWEPT, MET, EARLY };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	const struct slot *me = &slots[0];
	const struct span *s = &st->span[me->got[0] - 1];
	for (unsigned i = 0; i < SPANS; i++)
		if (!(st->span[i].taken[0] & MARKED))
			return EARLY;
	if (!(s->taken[0] & (uint64_t)me->got[1]) || me->got[1] == MARKED)
		return EARLY;
	if (s->used != (unsigned)__builtin_popcountll(s->taken[0]))
		return EARLY;
	/* The sweeper was at one while the allocator looked for one. */
	if (me->got[2] == SPANS && slots[1].got[0] == 0)
		return MET;
	return me->got[2] == SPANS ? SWEPT_ITSELF : FOUND_SWEPT;
}

CASE(alloc_vs_sweep,
     .purpose = "allocation from a span that is being swept",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "allocator", allocator }, { "sweeper", sweeper } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "swept_itself", OK, NO_FAILURE, "the allocator was done before the sweeper" },
	      { "found_swept", OK, NO_FAILURE, "the sweeper had been there" },
	      { "met", NEAR, NO_FAILURE, "each took one while the other was about to" },
	      { "early", BAD, EARLY_FREE, "the new object, or one that was marked, is free" }),
     EXPECT({ "BUG_PUT_EARLY", EARLY_FREE, EVERY_MODEL },
	    { "BUG_PUT_EARLY", DATA_RACE, EVERY_MODEL }));
