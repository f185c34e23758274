/* Locations and placements as --pin and --placement read them, on a synthetic
 * topology: a plan, or one line that says why not. */
/* links: stress/engine/pin*.c */
/* libs: hwloc */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "engine/pin.h"

static void check(enum pin_result result, const struct pin_plan *plan, unsigned actors)
{
	leave_check(result == PIN_OK || plan->why[0], "refused without a reason");
	leave_check(!strchr(plan->why, '\n') || result == PIN_OK, "a reason of several lines");
	for (unsigned i = 0; result == PIN_OK && plan->pinned && i < actors; i++)
		leave_check(CPU_COUNT(&plan->seat[i].cpus) > 0, "a seat without a processor");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pin_plan plan;
	char why[PIN_WHY], *text = malloc(size + 1);
	if (!text || size == 0) {
		free(text);
		return 0;
	}
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	unsigned actors = 1 + data[0] % 8;
	if (!pin_topology())
		leave_check(pin_topology_load("package:2 [numa] l3:1 l2:2 core:1 pu:2", why) ==
				    PIN_OK, "no synthetic topology");
	check(pin_by_list(&plan, text, actors), &plan, actors);
	check(pin_by_placement(&plan, text, actors, 0), &plan, actors);
	free(text);
	return 0;
}
