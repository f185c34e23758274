/* What checks share in which two workers meet, each with a processor.
 */
#ifndef FUZZ_CHECKS_SCHED_TWO_H
#define FUZZ_CHECKS_SCHED_TWO_H

#include "checks/must.h"
#include "sched/cases/sched_case.h"

/* Begins with them; the caller goes on. */
static inline struct state *two_begin(void *state)
{
	struct state *st = state;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	return st;
}

static inline void two_prepare(void *state, struct slot *slots)
{
	(void)slots;
	two_begin(state);
}

#endif
