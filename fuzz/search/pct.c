/* PCT, probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi,
 * Nagarakatte, ASPLOS 2010): the enabled thread of highest priority runs;
 * priorities are random at first, and at d - 1 random steps the running one's
 * falls below all others. A bug of depth d in a program of n threads and k
 * steps is found with probability at least 1 / (n k^(d-1)). Store buffers and
 * the clock count as threads.
 */
#include <stddef.h>

#include "search/search.h"
#include "sim.h"

enum { DEEPEST = 3 };

static uint64_t seed_of_all, state;
static unsigned wanted_depth, depth, steps, longest;
static unsigned change_at[DEEPEST];
static uint32_t priority[OPTIONS];

void pct_seed(uint64_t seed, unsigned d)
{
	wanted_depth = d;
	steps = 0;
	seed_of_all = random_mix(seed + 0x2545f491);
	longest = 1;
}

static void begin(uint64_t n)
{
	state = seed_of_all + n * 0xd1342543de82ef95u;
	sim.reduce = false;
	depth = wanted_depth ? wanted_depth : 1 + n % DEEPEST;
	if (steps > longest)
		longest = steps;
	steps = 0;
	for (unsigned i = 0; i < OPTIONS; i++)
		priority[i] = DEEPEST + (uint32_t)(random_next(&state) >> 33);
	for (unsigned i = 0; i + 1 < depth; i++)
		change_at[i] = 1 + random_next(&state) % longest;
}

/* Among those that do not wait, if there is one. */
static unsigned highest(const uint8_t *options, unsigned n)
{
	unsigned best = n;
	for (unsigned i = 0; i < n; i++) {
		bool waits = sim.soft >> options[i] & 1;
		if (!waits && (best == n || priority[options[i]] > priority[options[best]]))
			best = i;
	}
	return best < n ? best : 0;
}

static bool stays(void)
{
	for (unsigned i = 0; i + 1 < depth; i++)
		if (change_at[i] == steps + 1)
			return false;
	for (uint64_t left = sim.enabled & ~sim.soft; left; left &= left - 1)
		if (priority[__builtin_ctzll(left)] > priority[sim.cur])
			return false;
	steps++;
	return true;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	steps++;
	unsigned best = highest(options, n);
	for (unsigned i = 0; i + 1 < depth; i++) {
		if (change_at[i] != steps)
			continue;
		priority[options[best]] = i;
		best = highest(options, n);
	}
	return best;
}

static unsigned choose(unsigned n)
{
	return random_choice(&state, n);
}

/* Whoever naps does so again and again: time passes as others' lots are cast,
 * or none of them would ever come. */
static void took(unsigned option)
{
	if (option == CLOCK)
		priority[CLOCK] = DEEPEST + (uint32_t)(random_next(&state) >> 33);
}

static bool next(void)
{
	return true;
}

const struct search pct_search = { begin, pick, choose, took, next, stays };
