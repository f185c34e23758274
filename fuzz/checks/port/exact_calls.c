/* The port that looks for itself, call by call. */
#include "checks/port/semantics.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->ops = &port_exact_ops;
}

CASE(exact_calls, SEMANTICS_CASE);
