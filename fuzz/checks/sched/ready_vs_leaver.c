/* A goroutine is readied while a worker leaves that does not spin. */
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
	st->m[1].spinning = false;
	word_init(&st->s.spinning, 0);
	runtime = &sched_runtime;
	word_init(&st->g[0].g.status, G_WAITING);
}

CASE(ready_vs_leaver,
     .purpose = "a goroutine is readied while a worker goes idle without having spun",
     SPINNER_CASE);
