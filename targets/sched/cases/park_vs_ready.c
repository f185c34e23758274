/* The last step of a park against whoever readies the goroutine as soon as it
 * can be seen. */
#include "sched/cases/sched_case.h"

/* got[0]: it parked; got[1]: it was runnable again by then. */
static void parker(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 0);
	m->commit = commit_at_place;
	m->commit_arg = &st->place;
	me->got[0] = park_commit(m, &st->g[0]);
	me->got[1] = status_seen(st, 0) == G_RUNNABLE;
}

static void waker(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	struct g *g = leave_place(st);
	me->got[0] = g != NULL;
	if (g)
		sched_runtime.ready(g);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	word_init(&st->g[0].g.status, G_RUNNING);
}

enum { PARKED_FIRST, CALLED_OFF, AT_ONCE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	bool parked = slots[0].got[0], taken = slots[1].got[0];
	if (status_seen(st, 0) != G_RUNNABLE || parked != taken ||
	    state_queued(st, 1, &st->g[0]) != parked)
		return -1;
	return !parked ? CALLED_OFF : slots[0].got[1] ? AT_ONCE : PARKED_FIRST;
}

CASE(park_vs_ready,
     .purpose = "a goroutine is readied while the last step of its park publishes it",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "parker", parker }, { "waker", waker } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "parked_first", OK, NO_FAILURE, "parked, then readied" },
	      { "called_off", OK, NO_FAILURE, "the waker came first, nobody parks" },
	      { "at_once", NEAR, NO_FAILURE, "readied before the parker was done with it" }),
     EXPECT({ "BUG_PARK_LATE", FATAL, EVERY_MODEL }));
