/* How fast threads are while all of them run: on a loaded or shared machine one
 * of them is often off its processor, and then the others meet nobody, which
 * makes them faster or slower, but says nothing.
 *
 * Each thread notes the time every LAP operations. Of the time that all were
 * under way, the windows are kept in which no thread has a gap between two laps
 * longer than LONGEST_NS.
 */
#ifndef BENCH_TOGETHER_H
#define BENCH_TOGETHER_H

#include <math.h>
#include <stdbool.h>

#include "engine/clock.h"

enum { LAP = 8, LAPS = 5000, WINDOW_NS = 20000, LONGEST_NS = 8000 };

struct laps {
	uint32_t n;
	uint64_t at[LAPS]; /* clock_ticks(), each after another LAP operations */
};

struct together {
	double laps, ticks; /* of the windows kept */
	double all_ticks;   /* of all that were looked at */
};

static inline void lap(struct laps *l)
{
	l->at[l->n++] = clock_ticks();
}

/* Laps that end in the window; false if one of them, or the one under way at
 * its end, is too long. *from: the first lap that may end in it, moved on. */
static inline bool laps_within(const struct laps *l, uint32_t *from, uint64_t end,
			       uint64_t longest, uint32_t *laps)
{
	bool steady = true;
	uint32_t i = *from;
	for (; i < l->n && l->at[i] < end; i++)
		steady &= i == 0 || l->at[i] - l->at[i - 1] <= longest;
	steady &= i > 0 && i < l->n && l->at[i] - l->at[i - 1] <= longest;
	*laps = i - *from;
	*from = i;
	return steady;
}

/* Adds a try of so many threads; `counted`: of which the first so many's laps
 * are counted. */
static inline void together_add(struct together *t, const struct laps *l, unsigned threads,
				unsigned counted, double ticks_per_ns)
{
	uint64_t window = (uint64_t)(WINDOW_NS * ticks_per_ns), begin = 0, end = UINT64_MAX;
	uint64_t longest = (uint64_t)(LONGEST_NS * ticks_per_ns);
	uint32_t from[8] = { 0 }, laps;
	for (unsigned i = 0; i < threads; i++) {
		begin = l[i].at[0] > begin ? l[i].at[0] : begin;
		end = l[i].at[l[i].n - 1] < end ? l[i].at[l[i].n - 1] : end;
	}
	for (unsigned i = 0; i < threads; i++)
		while (from[i] < l[i].n && l[i].at[from[i]] < begin)
			from[i]++;
	for (; begin + window <= end; begin += window) {
		bool steady = true;
		double sum = 0;
		for (unsigned i = 0; i < threads; i++) {
			steady &= laps_within(&l[i], &from[i], begin + window, longest, &laps);
			sum += i < counted ? laps : 0;
		}
		t->all_ticks += (double)window;
		t->ticks += steady ? (double)window : 0;
		t->laps += steady ? sum : 0;
	}
}


/* The same over all the time from the first thread's first lap to the last
 * one's last. */
static inline void together_add_all(struct together *t, const struct laps *l, unsigned threads,
				    unsigned counted)
{
	uint64_t begin = UINT64_MAX, end = 0;
	for (unsigned i = 0; i < threads; i++) {
		begin = l[i].at[0] < begin ? l[i].at[0] : begin;
		end = l[i].at[l[i].n - 1] > end ? l[i].at[l[i].n - 1] : end;
		t->laps += i < counted ? l[i].n : 0;
	}
	t->ticks += (double)(end - begin);
}

#endif
