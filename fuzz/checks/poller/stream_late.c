/* A stream over epoll that asks for writability when somebody waits for it. */
#include "checks/poller/stream.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	stream_prepare(state, &epoll_late_backend);
}

CASE(stream_late, STREAM_CASE);
