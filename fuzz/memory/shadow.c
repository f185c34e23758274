#include "memory/shadow.h"

struct granule granules[NEAR_PLACES + FAR_PLACES];
struct location locations[MAX_LOCATIONS];
static unsigned used_far, used_locations;

void shadow_begin(void)
{
	used_far = 0;
	used_locations = 1; /* 0 means none */
}

/* By linear probing. */
struct granule *granule_far(uintptr_t address)
{
	struct granule *g = granules + NEAR_PLACES + (granule_hash(address) >> (64 - FAR_BITS));
	while (g->stamp == sim_stamp && g->address != address)
		if (++g == granules + NEAR_PLACES + FAR_PLACES)
			g = granules + NEAR_PLACES;
	if (g->stamp == sim_stamp)
		return g;
	if (++used_far > FAR_PLACES / 4 * 3)
		engine_error("more than %d granules of memory in one execution",
			     FAR_PLACES / 4 * 3);
	return granule_begin(g, address);
}

struct location *location_begin(struct granule *g, uintptr_t address, unsigned size)
{
	unsigned offset = address & 7, bytes = ((1u << size) - 1) << offset;
	if (offset & (size - 1))
		engine_error("atomic access of %u bytes at unaligned %p", size, (void *)address);
	if (g->atomic & bytes)
		engine_error("%p is accessed atomically with two sizes, now %u bytes",
			     (void *)address, size);
	if (used_locations == MAX_LOCATIONS)
		engine_error("more than %d atomic locations in one execution", MAX_LOCATIONS);
	struct location *l = &locations[used_locations];
	g->location[offset] = used_locations++;
	g->atomic |= bytes;
	l->address = address;
	l->size = size;
	l->newest.value = memory_get(address, size);
	l->newest.has_sync = false;
	l->newest.thread = NO_THREAD;
	l->newest.event = 0;
	l->newest.past = 0;
	l->newest.pc = NULL;
	return l;
}

unsigned locations_end(void)
{
	return used_locations;
}

void location_restart(struct granule *g, unsigned bytes)
{
	for (unsigned offset = 0; offset < 8; offset++) {
		if (!g->location[offset])
			continue;
		unsigned size = locations[g->location[offset]].size;
		unsigned own = ((1u << size) - 1) << offset;
		if (!(own & bytes))
			continue;
		g->location[offset] = 0;
		g->atomic &= ~own;
	}
}
