#include "common/executions.h"
#include "search/search.h"
#include "sim.h"

static const uint8_t *at, *end;

void bytes_start(const uint8_t *choices, size_t n)
{
	at = choices;
	end = choices + n;
}

static void begin(uint64_t n)
{
	(void)n;
	sim.reduce = false;
}

static unsigned choose(unsigned n)
{
	return at < end ? *at++ % n : 0;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	(void)options;
	return choose(n);
}

static bool next(void)
{
	return true;
}

const struct search bytes_search = { .begin = begin, .pick = pick, .choose = choose,
				     .next = next };
