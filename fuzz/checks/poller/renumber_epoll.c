/* A number that is used again, over epoll. */
#include "checks/poller/renumber.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	renumber_prepare(state, &epoll_backend);
}

CASE(renumber_epoll, RENUMBER_CASE);
