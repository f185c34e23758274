/* Places in the code where a thread has been in this execution: who does not
 * come to a new one for long goes round in circles.
 */
#ifndef FUZZ_PLACES_H
#define FUZZ_PLACES_H

#include "sim.h"

struct places {
	struct { uint32_t place, stamp; } at[1 << 12];
	uint32_t execution, used;
};

/* Whether the thread was not at pc yet, in this execution, and there is room to
 * remember it. */
static inline bool place_is_new(struct places *seen, unsigned thread, const void *pc)
{
	enum { MOST_BITS = 12, MOST = 1 << MOST_BITS };
	uint32_t place = (uint32_t)(uintptr_t)pc * MAX_THREADS + thread;
	/* Scattered: code comes in runs, and runs of several threads that meet
	 * in the table make long chains. */
	unsigned i = place * 0x9e3779b1u >> (32 - MOST_BITS);
	while (seen->at[i].stamp == sim_stamp && seen->at[i].place != place)
		i = (i + 1) % MOST;
	if (seen->at[i].stamp == sim_stamp)
		return false;
	if (seen->execution != sim_stamp)
		seen->used = 0;
	seen->execution = sim_stamp;
	if (seen->used == MOST / 2)
		return false;
	seen->at[i].stamp = sim_stamp;
	seen->at[i].place = place;
	seen->used++;
	return true;
}

#endif
