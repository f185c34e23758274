/* A stream over epoll that asks for both directions at once. */
#include "checks/poller/stream.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	stream_prepare(state, &epoll_backend);
}

CASE(stream_epoll, STREAM_CASE);
