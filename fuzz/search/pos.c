/* POS, partial order sampling (Yuan, Yang, Gu, CAV 2018): every pending
 * operation has a random priority, and the highest goes first. Whoever depends
 * on what was done draws anew, so that the two orders of a pair that races are
 * about as likely wherever in the threads it stands: of n operations against
 * one, an order that a random walk meets once in 2^n is met once in n + 1.
 * Store buffers and the clock count as threads.
 */
#include "decide.h"
#include "search/search.h"
#include "sim.h"

static uint64_t seed_of_all, state;
static uint32_t priority[OPTIONS];

static void draw(unsigned option)
{
	priority[option] = random_next(&state) >> 32;
}

void pos_seed(uint64_t seed)
{
	seed_of_all = random_mix(seed + 0x3c6ef372);
}

static void begin(uint64_t n)
{
	state = seed_of_all + n * 0xd1342543de82ef95u;
	sim.reduce = false;
	for (unsigned i = 0; i < OPTIONS; i++)
		draw(i);
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	unsigned best = 0;
	for (unsigned i = 1; i < n; i++)
		if (priority[options[i]] > priority[options[best]])
			best = i;
	return best;
}

static unsigned choose(unsigned n)
{
	return random_choice(&state, n);
}

static void took(unsigned option)
{
	const struct op *done = op_of(option);
	draw(option);
	for (uint64_t left = sim.enabled & ~bit(option); left; left &= left - 1) {
		unsigned other = __builtin_ctzll(left);
		if (depends(op_of(other), done))
			draw(other);
	}
}

static bool next(void)
{
	return true;
}

const struct search pos_search = { begin, pick, choose, took, next, NULL };
