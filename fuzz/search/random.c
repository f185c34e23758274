/* Random walk. Executions differ in temper: how often a thread is interrupted, and how
 * often a store stays in its buffer; some bugs need many switches, some only one.
 */
#include "search/search.h"
#include "sim.h"

static uint64_t seed_of_all, state;
static unsigned stay; /* of 256: how often option 0 is taken outright */

void random_seed(uint64_t seed)
{
	seed_of_all = random_mix(seed + 0x51ed270b);
}

static void begin(uint64_t n)
{
	static const uint8_t tempers[] = { 0, 96, 160, 208 };
	state = seed_of_all + n * 0xd1342543de82ef95u;
	sim.reduce = false;
	stay = tempers[random_next(&state) & 3];
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	uint64_t r = random_next(&state);
	(void)options;
	if ((r & 255) < stay)
		return 0;
	return (r >> 32) * n >> 32;
}

static bool next(void)
{
	return true;
}

const struct search random_search = { "random", begin, pick, next };
