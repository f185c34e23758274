/* Many descriptors at once over the port that looks for itself. */
#include "checks/poller/bustle.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	bustle_prepare(state, &port_exact_backend);
}

CASE(bustle_exact, BUSTLE_CASE);
