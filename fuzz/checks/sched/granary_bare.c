/* A heap that leaves what is free as it is. */
#include "checks/sched/granary.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	granary_prepare(state, HEAP_SMALL, false);
}

CASE(granary_bare, GRANARY_CASE);
