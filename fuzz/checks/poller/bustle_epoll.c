/* Many descriptors at once over epoll, asked for both directions at open. */
#include "checks/poller/bustle.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	bustle_prepare(state, &epoll_backend);
}

CASE(bustle_epoll, BUSTLE_CASE);
