/* A goroutine is started while the last worker that spins gives up. */
#include "checks/sched/last_spinner.h"

static void nothing(void *arg)
{
	(void)arg;
}

static void submitter(void *state, struct slot *me)
{
	(void)me;
	state_as(state, 0);
	go(nothing, NULL);
}

/* One that has ended is used again. */
static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	spinner_prepare(st);
	stacks_init(&st->s.stacks, 1, 1);
	must(stack_open(&st->s.stacks, &st->g[0].stack) == 0, "no stack to begin with");
	word_init(&st->g[0].g.status, G_DEAD);
	state_p(st, 0)->free = &st->g[0];
	state_p(st, 0)->frees = 1;
}

CASE(go_vs_last_spinner,
     .purpose = "a goroutine is started while the last spinning worker goes idle",
     SPINNER_CASE(submitter));
