/* The backend over the port that looks for itself. */
#include "checks/poller/nudges.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->backend = &port_exact_backend;
}

CASE(nudges_exact, NUDGES_CASE);
