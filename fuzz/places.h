/* Places in the code where a thread has been in this execution: who does not
 * come to a new one for long goes round in circles.
 */
#ifndef FUZZ_PLACES_H
#define FUZZ_PLACES_H

#include "sim.h"

struct places {
	struct { uintptr_t place; uint32_t stamp; } at[1 << 12];
	uint32_t execution, used;
};

/* Whether the thread was not at pc yet, in this execution, and there is room to
 * remember it. */
static inline bool place_is_new(struct places *seen, unsigned thread, const void *pc)
{
	enum { BITS = 12, MOST = 1 << BITS };
	uintptr_t place = (uintptr_t)pc * MAX_THREADS + thread;
	unsigned i = place * 0x9e3779b97f4a7c15u >> (64 - BITS);
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
