/* What the weak models share: choosing among stores and places, and when only
 * the newest store may be read.
 *
 * Places are numbers with gaps between them, so that a store can go between two
 * others and nobody's view of the order changes. A gap that is used up offers
 * no place; that, like every choice left out, is counted in sim.cuts.
 */
#ifndef FUZZ_MEMORY_WEAK_H
#define FUZZ_MEMORY_WEAK_H

#include "memory/model.h"

enum {
	MOST_OPTIONS = 60, /* of one choice */
	PATIENCE = 3,      /* equal reads of one location, then the newest */
	QUIET_PATIENCE = 16, /* reads in a row while nobody writes: likewise */
	SPURIOUS = 2       /* compare-and-swaps of a thread that fail for no reason */
};

/* Set by the litmus runner, which knows repeated states and needs neither
 * patience nor short cuts: every choice is offered. */
extern bool weak_every_choice;
/* Whether states differ by happens-before too: where races are looked for. */
extern bool weak_sign_clocks;

/* Whether t waits at that word for somebody else: it then reads the newest
 * store, or waiting would never end. */
static inline bool newest_only(struct thread *t, const struct location *l)
{
	bool fresh = t->fresh;
	t->fresh = false;
	if (weak_every_choice)
		return false;
	return fresh || (t->spin_count >= PATIENCE && t->spin_key == l->address) ||
	       t->quiet >= QUIET_PATIENCE;
}

/* Whether t's compare-and-swap may fail although it finds what it expects: a
 * weak one, as C has it, and where it is an exclusive pair. A retry loop need
 * not end then, so a thread has a budget. */
static inline bool may_fail(const struct thread *t, const struct update *u)
{
	if (!u->weak || weak_every_choice)
		return u->weak;
	if (t->spurious < SPURIOUS)
		return true;
	sim.cuts++;
	return false;
}

/* Values of a location's size. */
static inline uint64_t sized(uint64_t value, const struct location *l)
{
	return l->size == 8 ? value : value & (bit(8 * l->size) - 1);
}

/* What a read-modify-write stores in place of `old`; *stored as in
 * update_value(). */
static inline uint64_t sized_update(const struct update *u, uint64_t old,
				    const struct location *l, bool *stored)
{
	return sized(update_value(u, old, stored), l);
}

/* A new store of t, not yet published. */
static inline void store_made(struct store *s, const struct thread *t, uint64_t value, void *pc,
			      uint32_t event)
{
	s->value = value;
	s->thread = t->id;
	s->pc = pc;
	s->event = event;
	s->past = t->past;
}

/* What the models tell of their state, so that equal states are known: a hash
 * of numbers that do not depend on how the places are numbered. Begins as
 * SIGNATURE. */
struct signature { uint64_t a, b; };
#define SIGNATURE ((struct signature){ 0x243f6a8885a308d3u, 0x13198a2e03707344u })

static inline void sign(struct signature *s, uint64_t value)
{
	s->a = past_mix(s->a, value);
	s->b = (s->b ^ value) * 0x9e3779b97f4a7c15u;
	s->b ^= s->b >> 29;
}

/* The clock, or that there is none. */
static inline void sign_clock(struct signature *s, bool any, const struct clock *c)
{
	sign(s, any);
	for (unsigned i = 0; any && i < sim.threads; i++)
		sign(s, c->at[i]);
}

#endif
