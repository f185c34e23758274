/* The port that is a shim over epoll, used by two at once. */
#include "checks/port/together.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	together_prepare(state, &port_oneshot_ops);
}

CASE(together_oneshot, TOGETHER_CASE);
