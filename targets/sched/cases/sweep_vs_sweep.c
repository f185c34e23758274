/* Two come to sweep one span: one popped it from its set, the other needs it
 * swept where it is. */
#include "sched/cases/heap_case.h"

enum { TAKEN = 7, MARKED = 5 };

/* got[0] of both: the span was unswept just before. */
static void sweeper(void *state, struct slot *me)
{
	struct state *st = state;
	me->got[0] = state_unswept(st, 0);
	sweep_one(&st->heap);
}

static void needer(void *state, struct slot *me)
{
	struct state *st = state;
	me->got[0] = state_unswept(st, 0);
	sweep_ensure(&st->heap, &st->span[0]);
	me->got[1] = (long)st->span[0].taken[0];
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, 1, TAKEN, MARKED);
}

enum { ONE, MET, EARLY, TWICE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	const struct span *s = &st->span[0];
	if ((s->taken[0] & MARKED) != MARKED || s->pages == 0)
		return EARLY;
	/* relaxed: nobody uses it */
	if (state_spans(st, false, true) != 1 || load_relaxed(&st->heap.swept) != 1)
		return TWICE;
	if (s->taken[0] != MARKED || slots[1].got[1] != MARKED || s->used != 2)
		return -1;
	return slots[0].got[0] && slots[1].got[0] ? MET : ONE;
}

CASE(sweep_vs_sweep,
     .purpose = "two sweepers for one span: one has popped it, the other needs it swept",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "sweeper", sweeper }, { "needer", needer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "one", OK, NO_FAILURE, "one came when the other had begun" },
	      { "met", NEAR, NO_FAILURE, "both saw it unswept, and one swept" },
	      { "early", BAD, EARLY_FREE, "a marked object was freed" },
	      { "twice", BAD, DUPLICATE_ITEM, "swept twice, it is in its set twice" }),
     EXPECT({ "BUG_SWEEP_UNCLAIMED", EARLY_FREE, EVERY_MODEL },
	    { "BUG_SWEEP_UNCLAIMED", DUPLICATE_ITEM, EVERY_MODEL },
	    { "BUG_SWEEP_UNCLAIMED", DATA_RACE, EVERY_MODEL }));
