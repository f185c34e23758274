/* The port that looks for itself, used by two at once. */
#include "checks/port/together.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	together_prepare(state, &port_exact_ops);
}

CASE(together_exact, TOGETHER_CASE);
