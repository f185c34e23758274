/* Many descriptors at once over epoll that asks for writability when needed. */
#include "checks/poller/bustle.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	bustle_prepare(state, &epoll_late_backend);
}

CASE(bustle_late, BUSTLE_CASE);
