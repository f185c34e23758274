/* Random walk. Executions differ in temper: how often a thread is interrupted,
 * and how often a store stays in its buffer; some bugs need many switches, some
 * only one.
 */
#include <stddef.h>

#include "search/search.h"
#include "sim.h"

static uint64_t seed_of_all, state;
static unsigned stay; /* of 256: how often the first option is taken outright */
static bool asked;    /* the decision under way was not to be taken outright */
static uint32_t ask_at; /* the step at which that is so; 0: not yet known */
static bool lazy;     /* stores tend to stay in their buffers */
static unsigned surprise; /* of 256: how often a model's choice is not 0 */

void random_seed(uint64_t seed)
{
	seed_of_all = random_mix(seed + 0x51ed270b);
}

static void begin(uint64_t n)
{
	static const uint8_t tempers[] = { 0, 128, 192, 224 };
	static const uint8_t surprises[] = { 16, 64, 64, 128 };
	state = seed_of_all + n * 0xd1342543de82ef95u;
	sim.reduce = asked = false;
	ask_at = 0;
	uint64_t r = random_next(&state);
	stay = tempers[r & 3];
	lazy = r & 4;
	surprise = surprises[r >> 3 & 3];
}

/* One of options[from .. from + n). */
static unsigned walk(unsigned from, unsigned n, uint64_t r)
{
	if (!asked && (r & 255) < stay)
		return from;
	return from + ((r >> 32) * n >> 32);
}

static unsigned stays(void)
{
	uint32_t now = sim.taken;
	unsigned n = 0;
	asked = now == ask_at && now > 0;
	if (asked || stay == 0) {
		asked = true;
		return 0;
	}
	uint64_t r = random_next(&state);
	while (n < sizeof r && (r >> 8 * n & 255) < stay)
		n++;
	asked = n == 0;
	ask_at = n < sizeof r ? now + n : 0;
	return n;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	uint64_t r = random_next(&state);
	/* Threads stand together, after the running one's store if it has
	 * one. */
	unsigned first = options[0] >= FLUSH, last = n, taken;
	/* Whoever naps would otherwise be what most decisions are about. */
	if (options[n - 1] == CLOCK && n > 1 && (r >> 11 & 7))
		last = --n;
	while (last > first && options[last - 1] >= FLUSH)
		last--;
	if (lazy && last > first && (r >> 8 & 7))
		taken = walk(first, last - first, r);
	else
		taken = walk(0, n, r);
	asked = false;
	return taken;
}

/* The newest store or the last place most of the time; how often not is another
 * side of an execution's temper. */
static unsigned choose(unsigned n)
{
	uint64_t r = random_next(&state);
	if ((r & 255) >= surprise)
		return 0;
	return 1 + ((r >> 32) * (n - 1) >> 32);
}

static bool next(void)
{
	return true;
}

const struct search random_search = { begin, pick, choose, NULL, next, stays };
