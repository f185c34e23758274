/* The backend over epoll that asks for both directions at once. */
#include "checks/poller/nudges.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->backend = &epoll_backend;
}

CASE(nudges_epoll, NUDGES_CASE);
