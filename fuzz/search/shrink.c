/* Shrinking: the finding with the fewest extraordinary choices, so that a
 * person can read it. Choices are set to 0 in blocks that get smaller (after
 * delta debugging, Zeller and Hildebrandt, TSE 2002), then lowered; the tail of
 * zeros is cut.
 */
#include <string.h>

#include "explore.h"
#include "search/search.h"

static struct finding attempt;

static unsigned weight(const struct finding *f)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < f->choices; i++)
		sum += f->choice[i] != 0;
	return sum;
}

static void cut_tail(struct finding *f)
{
	while (f->choices > 0 && f->choice[f->choices - 1] == 0)
		f->choices--;
}

/* Runs the candidate; if it shows the same class it becomes the finding. */
static bool try(struct finding *f, const uint8_t *choices, unsigned n, unsigned *budget)
{
	if (*budget == 0)
		return false;
	--*budget;
	attempt.blind = f->blind;
	explore_replay(choices, n, &attempt);
	if (attempt.run.failure != f->run.failure)
		return false;
	cut_tail(&attempt);
	if (weight(&attempt) > weight(f) ||
	    (weight(&attempt) == weight(f) && attempt.choices >= f->choices))
		return false;
	*f = attempt;
	return true;
}

/* Zeroes each block of that size in turn. Returns whether one could be. */
static bool zero_blocks(struct finding *f, unsigned size, unsigned *budget)
{
	static uint8_t candidate[MAX_CHOICES];
	bool any = false;
	for (unsigned at = 0; at < f->choices; at += size) {
		unsigned end = at + size < f->choices ? at + size : f->choices;
		bool zero = true;
		for (unsigned i = at; i < end; i++)
			zero = zero && f->choice[i] == 0;
		if (zero)
			continue;
		memcpy(candidate, f->choice, f->choices);
		memset(candidate + at, 0, end - at);
		any |= try(f, candidate, f->choices, budget);
	}
	return any;
}

/* Takes single choices out, so that what follows moves up. */
static bool drop_each(struct finding *f, unsigned *budget)
{
	static uint8_t candidate[MAX_CHOICES];
	bool any = false;
	for (unsigned at = 0; at < f->choices; at++) {
		memcpy(candidate, f->choice, at);
		memcpy(candidate + at, f->choice + at + 1, f->choices - at - 1);
		any |= try(f, candidate, f->choices - 1, budget);
	}
	return any;
}

void explore_shrink(struct finding *f, unsigned budget)
{
	cut_tail(f);
	for (unsigned keep = f->choices / 2; keep > 0; keep /= 2)
		if (keep < f->choices)
			try(f, f->choice, f->choices - keep, &budget);
	bool again = true;
	while (again && budget > 0) {
		again = false;
		for (unsigned size = f->choices / 2; size > 0; size /= 2)
			again |= zero_blocks(f, size, &budget);
		again |= drop_each(f, &budget);
	}
	/* The last attempt may have failed: make the state that of the
	 * finding. */
	attempt.blind = f->blind;
	explore_replay(f->choice, f->choices, &attempt);
	cut_tail(&attempt);
	*f = attempt;
}
