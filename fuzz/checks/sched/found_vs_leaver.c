/* A goroutine is readied while one who spins has found something else, and
 * another worker leaves without having spun: one of the three starts a worker
 * for it. */
#include "checks/sched/last_spinner.h"

struct three {
	struct state st; /* first: the actors and the judge know it */
	struct M finder;
};

static void finder(void *state, struct slot *me)
{
	struct three *t = state;
	(void)me;
	world_set_local(&t->finder);
	idle_found(&t->finder);
}

static void prepare(void *state, struct slot *slots)
{
	struct three *t = state;
	(void)slots;
	memset(t, 0, sizeof *t);
	spinner_prepare(&t->st);
	t->st.m[1].spinning = false;
	worker_init(&t->finder, &t->st.s, WORKERS);
	t->finder.spinning = true;
}

CASE(found_vs_leaver,
     .purpose = "a goroutine is readied while one stops spinning and another leaves",
     .state_size = sizeof(struct three), .state_align = _Alignof(struct three),
     .actor = { { "submitter", ready_one }, { "leaver", spinner }, { "finder", finder } },
     .prepare = prepare, .judge = spinner_judge, CHECK_OUTCOMES);
