/* A goroutine is readied while the last worker that spins gives up. */
#include "checks/sched/last_spinner.h"

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	spinner_prepare(state);
}

CASE(ready_vs_last_spinner,
     .purpose = "a goroutine is readied while the last spinning worker goes idle",
     SPINNER_CASE(ready_one));
