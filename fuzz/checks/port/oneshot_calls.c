/* The port that is a shim over epoll, call by call. */
#include "checks/port/semantics.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->ops = &port_oneshot_ops;
}

CASE(oneshot_calls, SEMANTICS_CASE);
