/* The port that looks for itself, where the system refuses. */
#include "checks/poller/refusals.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	refusals_prepare(state, &port_exact_backend);
}

CASE(refusals_exact, REFUSALS_CASE);
