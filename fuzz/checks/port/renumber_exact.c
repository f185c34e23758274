/* A number that is used again, over the port that looks for itself. */
#include "checks/poller/renumber.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	renumber_prepare(state, &port_exact_backend);
}

CASE(renumber_exact, RENUMBER_CASE);
