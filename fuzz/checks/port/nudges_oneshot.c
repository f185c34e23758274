/* The backend over the port that is a shim over epoll. */
#include "checks/poller/nudges.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->backend = &port_oneshot_backend;
}

CASE(nudges_oneshot, NUDGES_CASE);
