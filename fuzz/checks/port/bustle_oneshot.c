/* Many descriptors at once over a shim of epoll's one-shot entries. */
#include "checks/poller/bustle.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	bustle_prepare(state, &port_oneshot_backend);
}

CASE(bustle_oneshot, BUSTLE_CASE);
