/* Random walk and PCT by turns: some bugs need many switches, some few in a
 * certain order. The automatic search begins with this.
 */
#include "search/search.h"

static const struct search *current = &random_search;

static void begin(uint64_t n)
{
	current = n % 2 ? &random_search : &pct_search;
	current->begin(n / 2);
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	return current->pick(options, n);
}

static unsigned choose(unsigned n)
{
	return current->choose(n);
}

static bool next(void)
{
	return true;
}

const struct search mixed_search = { "auto", begin, pick, choose, next };
