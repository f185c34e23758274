/* The port that is a shim over epoll, where the system refuses. */
#include "checks/poller/refusals.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	refusals_prepare(state, &port_oneshot_backend);
}

CASE(refusals_oneshot, REFUSALS_CASE);
