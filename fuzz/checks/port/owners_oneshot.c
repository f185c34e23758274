/* The port that is a shim over epoll, and whose its numbers are. */
#include "checks/port/owners.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	owners_prepare(state, &port_oneshot_backend);
}

CASE(owners_oneshot, OWNERS_CASE);
