/* A stream over the port that looks for itself. */
#include "checks/poller/stream.h"
#include "port/port.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	stream_prepare(state, &port_exact_backend);
}

CASE(stream_exact, STREAM_CASE);
