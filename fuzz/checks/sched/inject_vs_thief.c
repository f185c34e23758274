/* A worker that looks for work finds one by the poller, which a thief steals:
 * it is runnable by then. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

static void poller(void *state, struct slot *me)
{
	struct state *st = state;
	struct g *list[1] = { &st->g[0].g };
	schedule_inject(&st->s, state_as(st, 0), list, 1);
	came_through(me);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct G *g = runq_steal(state_as(st, 1)->p, state_p(st, 0), false);
	must(!g || status_of(&g->g) == G_RUNNABLE, "what is queued is not runnable");
	me->got[1] = g != NULL;
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	word_init(&st->g[0].g.status, G_WAITING);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	return slots[1].got[1] + state_queued(st, 0, &st->g[0]) == 1 ? CAME_THROUGH : -1;
}

CASE(inject_vs_thief,
     .purpose = "what a worker finds by the poller is stolen",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "poller", poller }, { "thief", thief } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
