/* Random walk, PCT and POS by turns: some bugs need many switches, some few in
 * a certain order, some a certain order of two accesses among many. The
 * automatic search begins with this.
 */
#include "search/search.h"

static const struct search *current = &random_search;

static void begin(uint64_t n)
{
	static const struct search *const all[] = { &pct_search, &random_search, &pos_search };
	current = all[n % 3];
	current->begin(n / 3);
}

static unsigned stays(void)
{
	return current->stays ? current->stays() : 0;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	return current->pick(options, n);
}

static unsigned choose(unsigned n)
{
	return current->choose(n);
}

static void took(unsigned option)
{
	if (current->took)
		current->took(option);
}

static bool next(void)
{
	return true;
}

const struct search mixed_search = { begin, pick, choose, took, next, stays };
