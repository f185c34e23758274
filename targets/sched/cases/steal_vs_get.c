/* The owner of a queue puts and takes while a thief takes half. */
#include "sched/cases/sched_case.h"

static long number(const struct state *st, const struct G *g)
{
	return g ? g - st->g + 1 : 0;
}

/* got[0]: what it took. */
static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	runq_put(state_p(st, 0), &st->g[0]);
	runq_put(state_p(st, 0), &st->g[1]);
	struct G *g = runq_get(state_p(st, 0), false);
	me->got[0] = number(st, g);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	struct G *g = runq_steal(state_p(st, 1), state_p(st, 0), false);
	me->got[0] = number(st, g);
	me->got[1] = number(st, runq_get(state_p(st, 1), false));
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	/* The ring has been round once: its slots hold old values. */
	struct P *p = state_p(st, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		word_init(&p->ring[i], (uintptr_t)&st->g[3]);
	word_init(&p->head, SLOTS - 1);
	word_init(&p->tail, SLOTS - 1);
}

enum { ALONE, SHARED, TWICE, NEVER };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	unsigned seen[GS + 1] = { 0 };
	seen[slots[0].got[0]]++;
	seen[slots[1].got[0]]++;
	seen[slots[1].got[1]]++;
	for (unsigned i = 0; i < 2; i++)
		seen[i + 1] += state_queued(st, 0, &st->g[i]) + state_queued(st, 1, &st->g[i]);
	if (seen[4]) /* what the slots held before */
		return NEVER;
	for (unsigned i = 1; i <= 2; i++)
		if (seen[i] != 1)
			return seen[i] > 1 ? TWICE : NEVER;
	/* The owner took what the thief left. */
	return slots[0].got[0] != 1 ? SHARED : ALONE;
}

CASE(steal_vs_get,
     .purpose = "a queue's owner puts two and takes one while a thief takes half",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "thief", thief } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "alone", OK, NO_FAILURE, "the owner took the first" },
	      { "shared", NEAR, NO_FAILURE, "the owner took what the thief had left" },
	      { "twice", BAD, DUPLICATE_ITEM, "one goroutine was taken twice" },
	      { "never", BAD, LOST_ITEM, "one was lost, or one of an earlier round came" }),
     EXPECT({ "BUG_STEAL_STORE", DUPLICATE_ITEM, EVERY_MODEL },
	    { "BUG_STEAL_STORE", LOST_ITEM, EVERY_MODEL },
	    { "BUG_PUT_RELAXED", LOST_ITEM, EVERY_MODEL & ~(SC | TSO) }));
