/* Takes recorded choices, then always option 0. */
#include <string.h>

#include "search/search.h"
#include "sim.h"

static uint8_t wanted[MAX_CHOICES];
static unsigned length, position, misfits;

void replay_start(const uint8_t *choices, unsigned n)
{
	memcpy(wanted, choices, n);
	length = n;
}

unsigned replay_misfits(void)
{
	return misfits + (position < length ? length - position : 0);
}

static void begin(uint64_t n)
{
	(void)n;
	position = misfits = 0;
	sim.reduce = false;
}

static unsigned choose(unsigned n)
{
	if (position == length)
		return 0;
	unsigned index = wanted[position++];
	if (index < n)
		return index;
	misfits++;
	return 0;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	(void)options;
	return choose(n);
}

static bool next(void)
{
	return false;
}

const struct search replay_search = { begin, pick, choose, NULL, next, NULL };
