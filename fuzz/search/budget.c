/* Budgets of one execution: thread switches that nobody needed, and stale
 * reads. The exhaustive search asks for itself; the random ones run behind
 * budget_search, which hides from them what is no longer to be had.
 */
#include "memory/model.h"
#include "search/search.h"
#include "sim.h"

static int64_t most_preemptions = -1, most_stale = -1, preemptions, stale;
static const struct search *inner = &random_search;

void budget_start(int64_t preemption_bound, int64_t stale_bound, const struct search *s)
{
	most_preemptions = preemption_bound;
	most_stale = stale_bound;
	inner = s;
}

bool budget_any(void)
{
	return most_preemptions >= 0 || most_stale >= 0;
}

bool budget_preemptions(void)
{
	return most_preemptions >= 0;
}

unsigned budget_left_preemptions(void)
{
	return most_preemptions > preemptions ? most_preemptions - preemptions : 0;
}

unsigned budget_left_stale(void)
{
	return most_stale > stale ? most_stale - stale : 0;
}

void budget_begin(void)
{
	preemptions = stale = 0;
}

bool budget_preempts(unsigned option)
{
	if (sim.steps == 1 || sim.cur == NOBODY)
		return false;
	return option < FLUSH && option != (unsigned)sim.cur &&
	       (sim.enabled & ~sim.soft) >> sim.cur & 1;
}

static bool reads_stale(unsigned option)
{
	return option < FLUSH && model->stale && model->stale(&sim.thread[option]);
}

bool budget_excludes(unsigned option)
{
	if (most_preemptions >= 0 && preemptions >= most_preemptions && budget_preempts(option))
		return true;
	return most_stale >= 0 && stale >= most_stale && reads_stale(option);
}

void budget_spend(unsigned option)
{
	preemptions += most_preemptions >= 0 && budget_preempts(option);
	stale += most_stale >= 0 && reads_stale(option);
}

bool budget_stale_spent(void)
{
	return most_stale >= 0 && stale >= most_stale;
}

void budget_spend_choice(unsigned index)
{
	stale += index > 0;
}

/* --- in front of a random search --- */

static void begin(uint64_t n)
{
	budget_begin();
	inner->begin(n);
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	uint8_t left[OPTIONS], index[OPTIONS];
	unsigned m = 0, taken = 0;
	for (unsigned i = 0; i < n; i++) {
		if (budget_excludes(options[i]))
			continue;
		left[m] = options[i];
		index[m++] = i;
	}
	sim.cuts += n - m;
	if (m > 1)
		taken = inner->pick(left, m);
	if (m > 0)
		taken = index[taken];
	budget_spend(options[taken]);
	return taken;
}

static unsigned choose(unsigned n)
{
	unsigned taken = 0;
	if (budget_stale_spent())
		sim.cuts += n - 1;
	else
		taken = inner->choose(n);
	budget_spend_choice(taken);
	return taken;
}

static void took(unsigned option)
{
	if (inner->took)
		inner->took(option);
}

static bool next(void)
{
	return true;
}

const struct search budget_search = { begin, pick, choose, took, next, NULL };
