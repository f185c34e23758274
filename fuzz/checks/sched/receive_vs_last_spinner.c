/* What was sent to a processor comes into its ring while the last worker that
 * spins gives up: it has been seen nowhere, or not in either place. */
#include "checks/sched/last_spinner.h"

static void submitter(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	runq_receive(state_as(st, 0)->p);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	spinner_prepare(st);
	word_init(&st->g[0].g.status, G_RUNNABLE);
	word_init(&state_p(st, 0)->sent, (uintptr_t)&st->g[0]);
}

CASE(receive_vs_last_spinner,
     .purpose = "what was sent is received while the last spinning worker goes idle",
     SPINNER_CASE(submitter));
