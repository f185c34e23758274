/* Where every goroutine waits and nobody is left to ready one, that is told. */
#include "checks/sched/run.h"

enum { WAITERS = 3 };

static word32 parked;

static bool wait_for_ever(struct g *g, void *arg)
{
	(void)g;
	count_one(arg);
	return true;
}

static void waiter(void *arg)
{
	(void)arg;
	runtime->park(wait_for_ever, &parked);
	world_fatal("nobody readied it");
}

static void first(void *arg)
{
	for (int i = 1; i < WAITERS; i++)
		go(waiter, NULL);
	waiter(arg);
}

static void told(struct sched *s)
{
	/* relaxed: nobody else is there */
	must(load_relaxed(&parked) == WAITERS && load_relaxed(&s->alive) == WAITERS,
	     "a deadlock was told while somebody ran");
	world_fatal("told");
}

static void run(void *state, struct slot *me)
{
	struct sched_config c = { .procs = 2, .stack_bytes = 16 << 10, .deadlock = told };
	run_program(state, me, &c, first);
}

CASE(standstill,
     .purpose = "every goroutine waits, and that is told",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end,
     THROWN({ "told", CAME_THROUGH }), CHECK_OUTCOMES);
