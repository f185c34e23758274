/* The port that looks for itself, and whose its numbers are. */
#include "checks/port/owners.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	owners_prepare(state, &port_exact_backend);
}

CASE(owners_exact, OWNERS_CASE);
