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
#include "../world.h"

enum access { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE };

/* The two sides of the race that ended an execution; of memory that was used
 * after it was given back, the later one. */
struct race {
	uintptr_t address;
	struct { enum access kind; uint8_t thread; void *pc; } side[2]; /* earlier, later */
};
extern struct race race;

/* Whoever races with the one later, races with the other too: kinds that an
 * access of each kind makes superfluous, as bits; they stand before it. */
static const uint8_t race_covers[] = {
	[PLAIN_READ] = 1 << PLAIN_READ | 1 << ATOMIC_READ,
	[PLAIN_WRITE] = 1 << PLAIN_READ | 1 << PLAIN_WRITE | 1 << ATOMIC_READ | 1 << ATOMIC_WRITE,
	[ATOMIC_READ] = 1 << ATOMIC_READ,
	[ATOMIC_WRITE] = 1 << ATOMIC_READ | 1 << ATOMIC_WRITE,
};

/* A pair conflicts unless both read or both are atomic: with which kinds each
 * does, as bits. */
static const uint8_t race_conflicts[] = {
	[PLAIN_READ] = 1 << PLAIN_WRITE | 1 << ATOMIC_WRITE,
	[PLAIN_WRITE] = 1 << PLAIN_READ | 1 << PLAIN_WRITE | 1 << ATOMIC_READ | 1 << ATOMIC_WRITE,
	[ATOMIC_READ] = 1 << PLAIN_WRITE,
	[ATOMIC_WRITE] = 1 << PLAIN_READ | 1 << PLAIN_WRITE,
};

/* As race_check(), where race_quick() cannot tell. */
void race_slow(struct granule *g, unsigned bytes, enum access kind, void *pc);
_Noreturn void race_gone(struct granule *g, unsigned bytes, enum access kind, void *pc);

static inline void race_note(struct record *r, const struct thread *t, unsigned bytes,
			     enum access kind, void *pc)
{
	*r = (struct record){ t->clock.at[t->id], t->id, bytes, kind, pc };
}

/* Whether r tells all of t's access now: nobody can have learnt of that one and
 * not of this. */
static inline bool race_known(const struct record *r, const struct thread *t, unsigned bytes,
			      enum access kind)
{
	return r->at == t->clock.at[t->id] && r->thread == t->id && !(bytes & ~r->bytes) &&
	       race_covers[r->kind] >> kind & 1;
}

/* The commonest accesses, which race with nothing: the granule's first one, one
 * like the last, and the second, which may take the first one's place. false:
 * it is another. */
static inline __attribute__((always_inline)) bool race_quick(struct granule *g, unsigned bytes,
							     enum access kind, void *pc)
{
	const struct thread *t = self();
	struct record *r = g->record;
	if (__builtin_expect(sim.blind, 0))
		return true;
	if (__builtin_expect(sim.gone && world_is_gone(g->address << 3), 0))
		race_gone(g, bytes, kind, pc);
	if (g->records == 0) {
		g->records = 1;
	} else if (race_known(&g->record[g->records - 1], t, bytes, kind)) {
		return true;
	} else if (g->records > 1) {
		return false;
	} else {
		bool before = r->at <= t->clock.at[r->thread];
		if (!before && r->bytes & bytes && race_conflicts[kind] >> r->kind & 1)
			return false;
		bool told = ((r->bytes & ~bytes) == 0) & race_covers[kind] >> r->kind & before;
		g->records = 2 - told;
		r += !told;
	}
	race_note(r, t, bytes, kind, pc);
	return true;
}

/* The running thread accesses these bytes (a mask) of the granule. Ends the
 * execution if that is a race, or they were given back. */
static inline __attribute__((always_inline)) void race_check(struct granule *g, unsigned bytes,
							     enum access kind, void *pc)
{
	if (!race_quick(g, bytes, kind, pc))
		race_slow(g, bytes, kind, pc);
}

#endif
