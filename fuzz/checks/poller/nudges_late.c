/* The backend over epoll that asks for writability when it is waited for. */
#include "checks/poller/nudges.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	((struct state *)state)->backend = &epoll_late_backend;
}

CASE(nudges_late, NUDGES_CASE);
