/* A stream over the port that is a shim over epoll. */
#include "checks/poller/stream.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	stream_prepare(state, &port_oneshot_backend);
}

CASE(stream_oneshot, STREAM_CASE);
