/* A heap where most objects are large. */
#include "checks/sched/granary.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	granary_prepare(state, 64, true);
}

CASE(granary_large, GRANARY_CASE);
