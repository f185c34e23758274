/* Data races: two accesses of the same bytes, by two threads, at least one of
 * them a write and at least one plain, that happens-before does not order.
 *
 * After FastTrack (Flanagan and Freund, PLDI 2009), with an exact record per
 * thread, kind and bytes instead of one epoch per variable: a granule holds
 * few.
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

/* The running thread accesses these bytes (a mask) of the granule. Ends the
 * execution if that is a race. */
static inline void race_check(struct granule *g, unsigned bytes, enum access kind, void *pc)
{
	struct thread *t = self();
	/* Atomic among atomic accesses, or the first: only to be remembered. */
	if ((kind >= ATOMIC_READ && !g->plain) || g->records == 0) {
		unsigned i = 0;
		while (i < g->records && (g->record[i].thread != t->id ||
					  g->record[i].bytes != bytes ||
					  g->record[i].kind != kind))
			i++;
		if (i < RECORDS) {
			g->records += i == g->records;
			g->plain |= kind <= PLAIN_WRITE;
			g->record[i].at = t->clock.at[t->id];
			g->record[i].thread = t->id;
			g->record[i].bytes = bytes;
			g->record[i].kind = kind;
			g->record[i].pc = pc;
			return;
		}
	}
	race_slow(g, bytes, kind, pc);
}

#endif
