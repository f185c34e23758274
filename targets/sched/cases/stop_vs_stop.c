/* The last processor stops, and the stopper goes on: it must find all that was
 * done there. */
#include "sched/cases/sched_case.h"

/* got[0]: what it found; got[1]: the other had stopped at once. */
static void stopper(void *state, struct slot *me)
{
	struct state *st = state;
	stw_stop(&st->s, state_as(st, 0)->p);
	me->got[0] = st->plain;
}

/* got[0]: that the world was to stop was there to see at its first look. */
static void runner(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 1);
	st->plain = 1;
	/* pairs with: stw_stop() */
	me->got[0] = load_acquire(&st->s.stopping) != 0;
	while (!load_acquire(&st->s.stopping))
		world_relax();
	idle_stop_for_world(m);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
}

enum { CAME_LATE, WAITED, MISSED };

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	if (slots[0].stranded || slots[1].stranded)
		return -1;
	return !slots[0].got[0] ? MISSED : slots[1].got[0] ? WAITED : CAME_LATE;
}

CASE(stop_vs_stop,
     .purpose = "the stopper goes on when the last processor has stopped",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "stopper", stopper }, { "runner", runner } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "came_late", OK, NO_FAILURE, "the runner waited for the stop" },
	      { "waited", NEAR, NO_FAILURE, "the stopper waited for the runner" },
	      { "missed", BAD, STACK_CORRUPTION,
		"what was done before the stop is not there after it" }),
     EXPECT({ "BUG_STOPWAIT_BARE", DATA_RACE, EVERY_MODEL },
	    { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_STOP_EARLY", FATAL, EVERY_MODEL }));
