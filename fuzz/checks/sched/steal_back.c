/* What a thief has in its ring is taken from there by another thief, with what
 * was left in it. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

static void must_be_marked(const struct state *st, const struct G *g)
{
	must(!g || (g < st->g + SLOTS && g->arg == g),
	     "one of an earlier round came, or not as it was left");
}

/* It has half, and one of these in its ring. */
static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	must_be_marked(st, runq_steal(state_as(st, 1)->p, state_p(st, 0), false));
	came_through(me);
}

static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	while (runq_get(p, false))
		;
	must_be_marked(st, runq_steal(p, state_p(st, 1), false));
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	for (unsigned i = 0; i < PROCS; i++) {
		state_run(st, i);
		for (unsigned k = 0; k < SLOTS; k++)
			word_init(&state_p(st, i)->ring[k], (uintptr_t)&st->g[i ? GS - 1 : k]);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		st->g[i].arg = &st->g[i];
	word_init(&state_p(st, 0)->tail, SLOTS);
}

CASE(steal_back,
     .purpose = "what a thief has taken is taken from it",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "thief", thief }, { "owner", owner } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
