/* Who looks whether a processor has anything sees it, though it comes from
 * where the next one stands into the ring meanwhile. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	runq_put_next(p, &st->g[1]);
	must(runq_get(p, false) == &st->g[1], "another one is next");
	came_through(me);
}

static void looker(void *state, struct slot *me)
{
	struct state *st = state;
	must(!runq_empty(state_p(st, 0)), "what is there was overlooked");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	word_init(&state_p(st, 0)->next, (uintptr_t)&st->g[0]);
}

CASE(kick_vs_look,
     .purpose = "one looks whether a processor has anything while it moves there",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "looker", looker } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
