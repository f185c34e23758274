/* The poller over epoll, where the system refuses. */
#include "checks/poller/refusals.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	refusals_prepare(state, &epoll_backend);
}

CASE(refusals_epoll, REFUSALS_CASE);
