/* A worker that looks for work finds one by the poller, which a thief steals:
 * it is runnable by then. */
#include "checks/sched/thief.h"

static void poller(void *state, struct slot *me)
{
	struct state *st = state;
	struct g *list[1] = { &marked(st, 0)->g };
	schedule_inject(&st->s, state_as(st, 0), list, 1);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	thief_prepare(state, 1);
}

CASE(inject_vs_thief,
     .purpose = "what a worker finds by the poller is stolen",
     THIEF_CASE(poller));
