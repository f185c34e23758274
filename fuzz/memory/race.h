/* Data races: two accesses of the same bytes, by two threads, at least one of them a
 * write and at least one plain, that happens-before does not order.
 *
 * After FastTrack (Flanagan and Freund, PLDI 2009), with an exact record per thread,
 * kind and bytes instead of one epoch per variable: a granule holds few.
 */
#ifndef FUZZ_MEMORY_RACE_H
#define FUZZ_MEMORY_RACE_H

#include "memory/shadow.h"

enum access { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE };

/* The two sides of the race that ended an execution. */
struct race {
	uintptr_t address;
	struct { enum access kind; uint8_t thread; void *pc; } side[2]; /* earlier, later */
};
extern struct race race;

void race_slow(struct granule *g, unsigned bytes, enum access kind, void *pc);

/* The running thread accesses these bytes (a mask) of the granule. Ends the execution
 * if that is a race. */
static inline void race_check(struct granule *g, unsigned bytes, enum access kind, void *pc)
{
	struct thread *t = self();
	/* Again by the same thread, with nobody else's access remembered. */
	if (g->records == 1) {
		struct record *r = &g->record[0];
		if (r->thread == t->id && r->bytes == bytes && r->kind == kind) {
			r->at = t->clock.at[t->id];
			r->pc = pc;
			return;
		}
	}
	race_slow(g, bytes, kind, pc);
}

#endif
