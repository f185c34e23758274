/* The owner of a full ring puts more, half of which goes to the queue of all,
 * while a thief takes from both. */
#include "checks/sched/thief.h"

static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	runq_put(p, marked(st, SLOTS));
	take(st, me, runq_get(p, false));
	runq_put(p, marked(st, SLOTS + 1));
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	thief_prepare(st, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		runq_put(state_p(st, 0), marked(st, i));
}

CASE(put_vs_thief,
     .purpose = "the owner of a full ring puts more while a thief takes",
     THIEF_CASE(owner));
