/* The order of all stores that armv8.c's rules stand on: entries in a list,
 * with gapped places, and per location the newest of them.
 */
#ifndef FUZZ_MEMORY_ARMV8_H
#define FUZZ_MEMORY_ARMV8_H

#include "memory/weak.h"

enum { STORES = 1 << 10 };

/* A store in the order. */
struct entry {
	uint64_t place; /* 0: the value found at the first access */
	uint64_t seal;  /* no store of the location goes between here and there:
			 * a load already done would have read it */
	struct entry *before, *after; /* in the order of all */
	struct entry *older, *newer;  /* of its location */
	struct cell *cell;
	struct store s;
	bool atomic;    /* by a read-modify-write: stands next to what it read */
};

/* An atomic location. */
struct cell {
	uint32_t stamp;
	struct entry first, *newest;
	uint64_t coherence[MAX_THREADS]; /* newest that the thread read or wrote */
	/* --- armv8_observable() --- */
	uint64_t oldest; /* that somebody may still read */
	uint32_t asked, index;
	bool settled;    /* everybody reads that one, and learns nothing by it */
};

/* Places that a thread keeps. */
struct core {
	uint64_t read_seen, write_seen;   /* newest of any load, any store done */
	uint64_t read_floor, write_floor; /* loads are at or after, stores after */
	uint64_t last_release;            /* newest STLR: LDAR comes after it */
};

extern struct entry armv8_head, *armv8_tail; /* before the first; the last */
extern struct core armv8_cores[MAX_THREADS];

/* A new execution: no store yet. */
void armv8_begin(void);
/* The cell of a location, which begins with the value found. */
struct cell *armv8_cell(struct location *l);
/* Adds a store of t behind another, and to memory if it is the newest. The
 * caller publishes. */
struct entry *armv8_insert(struct thread *t, struct location *l, const struct entry *behind,
			   uint64_t value, void *pc);
/* memory_model's sign, and of this state what others may still observe. */
void armv8_sign(struct signature *s, struct location *const *all, unsigned n);
void armv8_observable(struct signature *s, struct location *const *all, unsigned n);

static inline uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
