/* A number that is used again, over a shim of epoll's one-shot entries. */
#include "checks/poller/renumber.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	renumber_prepare(state, &port_oneshot_backend);
}

CASE(renumber_oneshot, RENUMBER_CASE);
