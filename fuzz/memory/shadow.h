/* Shadow memory: what is known of each 8-byte granule that this execution
 * touched.
 *
 * A hash table that is never cleared: an entry whose stamp is not this
 * execution's is empty. Within one execution nothing is removed. What finds its
 * place taken goes to a larger table, which only long executions need.
 */
#ifndef FUZZ_MEMORY_SHADOW_H
#define FUZZ_MEMORY_SHADOW_H

#include <string.h>

#include "../world.h"
#include "sim.h"

enum {
	NEAR_BITS = 14, FAR_BITS = 17, /* of a granule's place in either table */
	NEAR_PLACES = 1 << NEAR_BITS, FAR_PLACES = 1 << FAR_BITS,
	RECORDS = 10,       /* accesses remembered per granule */
	MAX_LOCATIONS = 1 << 13
};

/* One remembered access. */
struct record {
	uint32_t at;    /* the thread's own time */
	uint8_t thread;
	uint8_t bytes;  /* mask of the granule's bytes */
	uint8_t kind;   /* enum access */
	void *pc;
};

struct granule {
	_Alignas(64) uintptr_t address; /* >> 3 */
	uint32_t stamp;
	uint8_t records;
	uint8_t atomic;         /* mask of bytes that belong to locations */
	uint16_t location[8];   /* index by byte offset; 0: none */
	struct record record[RECORDS];
};

/* A store, as a read may name it. */
struct store {
	uint64_t value;
	struct clock sync; /* what an acquiring read learns, if has_sync */
	bool has_sync;
	uint8_t thread;    /* NO_THREAD: the value found at the first access */
	uint32_t event;    /* its number in the trace, if there is one */
	uint64_t past;     /* of its thread then; 0: the value found */
	void *pc;
};
enum { NO_THREAD = 255 };

/* An atomic location. Real memory always holds its newest store in memory
 * order. */
struct location {
	uintptr_t address;
	uint8_t size;
	struct store newest;
};

extern struct granule granules[NEAR_PLACES + FAR_PLACES];
extern struct location locations[MAX_LOCATIONS];

/* Finds the granule in the far table, or makes it there. address: >> 3 */
struct granule *granule_far(uintptr_t address);
struct location *location_begin(struct granule *g, uintptr_t address, unsigned size);

static inline uint64_t granule_hash(uintptr_t a)
{
	return a * 0x9e3779b97f4a7c15u;
}

/* Where the granule of an address is, if it has its near place. */
static inline struct granule *granule_near(uintptr_t address)
{
	struct granule *g = &granules[granule_hash(address >> 3) >> (64 - NEAR_BITS)];
	/* Computed once, as in self(). */
	__asm__("" : "+r"(g));
	return g;
}

static inline bool granule_is(const struct granule *g, uintptr_t address)
{
	return __builtin_expect(g->address == address >> 3 && g->stamp == sim_stamp, 1);
}

/* Begins it at a place that is free. */
static inline struct granule *granule_begin(struct granule *g, uintptr_t address)
{
	world_touched(address << 3, 8);
	g->address = address;
	g->stamp = sim_stamp;
	g->records = g->atomic = 0;
	memset(g->location, 0, sizeof g->location);
	return g;
}

/* Finds the granule whose near place is g, where it is not, or makes it. */
static inline struct granule *granule_claim(struct granule *g, uintptr_t address)
{
	return g->stamp == sim_stamp ? granule_far(address) : granule_begin(g, address);
}

/* The granule of an address. */
static inline struct granule *granule_of(uintptr_t address)
{
	struct granule *g = granule_near(address);
	return granule_is(g, address) ? g : granule_claim(g, address >> 3);
}

/* Real memory, by an atomic access's size. */
static inline uint64_t memory_get(uintptr_t address, unsigned size)
{
	switch (size) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	case 4:
		return *(volatile uint32_t *)address;
	}
	return *(volatile uint64_t *)address;
}

static inline void memory_put(uintptr_t address, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)address = value;
		return;
	case 2:
		*(volatile uint16_t *)address = value;
		return;
	case 4:
		*(volatile uint32_t *)address = value;
		return;
	}
	*(volatile uint64_t *)address = value;
}

/* The location of an atomic access, in its granule. */
static inline struct location *location_of(struct granule *g, uintptr_t address, unsigned size)
{
	struct location *l = &locations[g->location[address & 7]];
	if (__builtin_expect(l != locations && l->size == size, 1))
		return l;
	return location_begin(g, address, size);
}

/* The locations of this execution so far are locations[1 .. that). */
unsigned locations_end(void);
/* Forgets the histories of locations that overlap these bytes. */
void location_restart(struct granule *g, unsigned bytes);
/* Begins the shadow of a new execution. */
void shadow_begin(void);

#endif
