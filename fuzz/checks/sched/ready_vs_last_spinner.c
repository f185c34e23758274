/* A goroutine is readied while the last worker that spins gives up. */
#include "checks/sched/last_spinner.h"

static void submitter(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	state_as(st, 0);
	runtime->ready(&st->g[0].g);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	spinner_prepare(st);
	runtime = &sched_runtime;
	word_init(&st->g[0].g.status, G_WAITING);
}

CASE(ready_vs_last_spinner,
     .purpose = "a goroutine is readied while the last spinning worker goes idle",
     SPINNER_CASE);
