/* The port that is a shim over epoll, with an event that is outdated. */
#include "checks/port/outdated.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	outdated_prepare(state, &port_oneshot_ops);
}

CASE(outdated_oneshot, OUTDATED_CASE);
