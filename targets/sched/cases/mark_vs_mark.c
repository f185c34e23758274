/* Two markers mark objects whose marks stand in one word. */
#include "sched/cases/heap_case.h"

static uint64_t marks(const struct state *st)
{
	/* relaxed: a glance, or nobody uses it */
	return load_relaxed(&st->span[0].marked[0]);
}

/* got[0]: the other's mark was there just after. */
static void mark(struct state *st, struct slot *me, unsigned object)
{
	struct marker m = { .h = &st->heap };
	mark_object(&m, st->object[0][object]);
	me->got[0] = (marks(st) & ~(UINT64_C(1) << object)) != 0;
}

static void first(void *state, struct slot *me)
{
	mark(state, me, 1);
}

static void second(void *state, struct slot *me)
{
	mark(state, me, 2);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, 1, 7, 0);
}

enum { ORDERED, MET, LOST };

static int judge(const void *state, const struct slot *slots)
{
	if (marks(state) != 6)
		return LOST;
	return slots[0].got[0] && slots[1].got[0] ? MET : ORDERED;
}

CASE(mark_vs_mark,
     .purpose = "two markers in one word of marks",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "first", first }, { "second", second } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "ordered", OK, NO_FAILURE, "one was done before the other" },
	      { "met", NEAR, NO_FAILURE, "each saw the other's mark" },
	      { "lost", BAD, EARLY_FREE, "a mark is missing: its object would be freed" }),
     EXPECT({ "BUG_MARK_SPLIT", EARLY_FREE, EVERY_MODEL }));
