/* The poller that asks late for writability, where the system refuses. */
#include "checks/poller/refusals.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	refusals_prepare(state, &epoll_late_backend);
}

CASE(refusals_late, REFUSALS_CASE);
