/* PCT, probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi,
 * Nagarakatte, ASPLOS 2010): the enabled thread of highest priority runs;
 * priorities are random at first, and at d - 1 random steps the running one's
 * falls below all others. A bug of depth d in a program of n threads and k
 * steps is found with probability at least 1 / (n k^(d-1)). Store buffers and
 * the clock count as threads.
 *
 * Threads that go round in circles for PATIENCE steps fall below all others
 * too: else goroutines that yield until another one has worked, on the thread
 * of highest priority, keep it from working until the limit of steps.
 */
#include <stddef.h>

#include "places.h"
#include "search/search.h"
#include "sim.h"

/* With half or twice the patience the whole runs show their switches at the
 * same executions, but for serve (2,100 or 6,100 instead of 4,400; medians of
 * seven seeds, which differ by more) and, with half, one of port/reopen
 * (99,000 instead of 61,000). */
enum { DEEPEST = 3, PATIENCE = 128 };

static uint64_t seed_of_all, state;
static unsigned wanted_depth, depth, steps, longest;
static uint32_t change_at[DEEPEST], next_change;
static int32_t priority[OPTIONS], lowest;
/* The step that last led a thread to a place in the code where it had not been,
 * as far as is looked, and who took those since. */
static uint32_t novel;
static uint64_t idlers;
static struct places seen;

void pct_seed(uint64_t seed, unsigned d)
{
	wanted_depth = d;
	steps = 0;
	seed_of_all = random_mix(seed + 0x2545f491);
	longest = 1;
}

static int32_t lot(void)
{
	return DEEPEST + (int32_t)(random_next(&state) >> 34);
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

static unsigned stays(void)
{
	unsigned now = sim.choices + 1;
	if (next_change <= now)
		return 0;
	for (uint64_t left = sim.enabled & ~sim.soft; left; left &= left - 1)
		if (priority[__builtin_ctzll(left)] > priority[sim.cur])
			return 0;
	unsigned n = next_change - now < MOST_AHEAD ? next_change - now : MOST_AHEAD;
	steps = sim.choices + n;
	return n;
}

static void find_next_change(void)
{
	next_change = UINT32_MAX;
	for (unsigned i = 0; i + 1 < depth; i++)
		if (change_at[i] < next_change)
			next_change = change_at[i];
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
		priority[i] = lot();
	lowest = 0;
	novel = 0;
	idlers = 0;
	for (unsigned i = 0; i + 1 < depth; i++)
		change_at[i] = 1 + random_next(&state) % longest;
	find_next_change();
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	unsigned best = highest(options, n);
	steps = sim.choices + 1;
	if (next_change > steps)
		return best;
	for (unsigned i = 0; i + 1 < depth; i++) {
		if (change_at[i] > steps)
			continue;
		change_at[i] = UINT32_MAX;
		priority[options[best]] = i;
		best = highest(options, n);
	}
	find_next_change();
	return best;
}

static unsigned choose(unsigned n)
{
	return random_choice(&state, n);
}

/* Whoever naps does so again and again: time passes as others' lots are cast,
 * or none of them would ever come. And where those in front go round in
 * circles, as goroutines that yield to each other do, the others come first. */
static void took(unsigned option)
{
	if (option == CLOCK)
		priority[CLOCK] = lot();
	idlers |= bit(option);
	if (option < FLUSH && place_is_new(&seen, option, sim.thread[option].op.pc)) {
		novel = sim.taken;
		idlers = 0;
	}
	if (sim.taken - novel < PATIENCE)
		return;
	for (; idlers; idlers &= idlers - 1)
		priority[__builtin_ctzll(idlers)] = --lowest;
	novel = sim.taken;
}

static bool next(void)
{
	return true;
}

const struct search pct_search = { begin, pick, choose, took, next, stays };
