/* The owner of a full ring puts more while a thief takes half: each goroutine
 * is somewhere once, in a ring or in the queue of all. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

enum { STEALS = 2 };

/* got[1]: a bit for each that it took. */
static void take(struct state *st, struct slot *me, struct G *g)
{
	long bit = g ? 1L << (g - st->g) : 0;
	must(!(me->got[1] & bit), "one was taken twice");
	me->got[1] |= bit;
}

static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	runq_put(p, &st->g[SLOTS]);
	take(st, me, runq_get(p, false));
	runq_put(p, &st->g[SLOTS + 1]);
	came_through(me);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < STEALS; i++) {
		take(st, me, runq_steal(p, state_p(st, 0), false));
		take(st, me, runq_get(p, false));
	}
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	for (unsigned i = 0; i < SLOTS; i++)
		runq_put(state_p(st, 0), &st->g[i]);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	for (unsigned i = 0; i < GS; i++) {
		const struct G *g = &st->g[i];
		if ((slots[0].got[1] >> i & 1) + (slots[1].got[1] >> i & 1) +
			    state_queued(st, 0, g) + state_queued(st, 1, g) +
			    state_global(st, g) != 1)
			return -1;
	}
	return slots[0].got[0] && slots[1].got[0] ? CAME_THROUGH : -1;
}

CASE(put_vs_thief,
     .purpose = "the owner of a full ring puts more while a thief takes half",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "thief", thief } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
