/* The port that looks for itself, with an event that is outdated. */
#include "checks/port/outdated.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	outdated_prepare(state, &port_exact_ops);
}

CASE(outdated_exact, OUTDATED_CASE);
