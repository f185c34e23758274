/* Depth-first search without stored states: every execution runs from the
 * start, along the stack of decisions, to the first one that has an option
 * left.
 *
 * Sleep sets (Godefroid, LNCS 1032, 1996): options explored at a decision stay
 * asleep in its later branches until something that depends on them happens.
 */
#include <string.h>

#include "decide.h"
#include "search/search.h"
#include "sim.h"

struct node {
	uint8_t n, taken;
	bool model; /* a choice of the memory model, not of the scheduler */
	uint8_t option[OPTIONS];
	uint64_t left; /* indices still to explore after `taken` */
	uint64_t done; /* options explored, as bits of sim.sleep */
};

static struct node stack[MAX_CHOICES];
static unsigned depth, top; /* decisions of this execution; nodes on the stack */
static bool reduce;
static uint64_t excluded;

void dfs_start(bool sleep_sets)
{
	top = 0;
	excluded = 0;
	reduce = sleep_sets && !budget_any();
}

uint64_t dfs_excluded(void)
{
	return excluded;
}

static void begin(uint64_t n)
{
	(void)n;
	depth = 0;
	budget_begin();
	sim.reduce = reduce;
}

static unsigned grow(const uint8_t *options, unsigned n)
{
	struct node *d = &stack[top];
	memcpy(d->option, options, n);
	d->n = n;
	d->model = false;
	d->left = d->done = 0;
	for (unsigned i = 0; i < n; i++) {
		if (sim.reduce && sim.sleep >> options[i] & 1)
			continue;
		if (budget_excludes(options[i])) {
			excluded++;
			continue;
		}
		d->left |= bit(i);
	}
	if (!d->left)
		return n;
	d->taken = __builtin_ctzll(d->left);
	d->left &= d->left - 1;
	top++;
	return d->taken;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	unsigned index;
	if (depth < top) {
		struct node *d = &stack[depth];
		if (d->n != n || d->model || memcmp(d->option, options, n) != 0)
			engine_error("the case does not behave the same way twice");
		if (sim.reduce)
			sim.sleep |= d->done;
		index = d->taken;
	} else {
		index = grow(options, n);
		if (index == n)
			return n;
	}
	depth++;
	budget_spend(options[index]);
	return index;
}

/* A model's choice: as a decision whose options are only numbers. Whatever is
 * not 0 counts as a stale read. */
static unsigned choose(unsigned n)
{
	if (depth == top) {
		struct node *d = &stack[top++];
		bool spent = budget_stale_spent();
		d->n = n;
		d->model = true;
		d->taken = 0;
		d->done = 0;
		d->left = spent ? 0 : ~bit(0) & (n < 64 ? bit(n) - 1 : ~0ull);
		excluded += spent ? n - 1 : 0;
	}
	struct node *d = &stack[depth++];
	if (d->n != n || !d->model)
		engine_error("the case does not behave the same way twice");
	budget_spend_choice(d->taken);
	return d->taken;
}

/* What was explored from here before stays redundant until something that
 * depends on it is done. */
static void took(unsigned option)
{
	if (!sim.reduce)
		return;
	const struct op *done = op_of(option);
	uint64_t left = sim.sleep & ~bit(option), keep = 0;
	for (; left; left &= left - 1) {
		unsigned other = __builtin_ctzll(left);
		if (!depends(op_of(other), done))
			keep |= bit(other);
	}
	sim.sleep = keep;
}

static bool next(void)
{
	while (top > 0) {
		struct node *d = &stack[top - 1];
		if (d->left) {
			if (!d->model)
				d->done |= bit(d->option[d->taken]);
			d->taken = __builtin_ctzll(d->left);
			d->left &= d->left - 1;
			return true;
		}
		top--;
	}
	return false;
}

const struct search dfs_search = { begin, pick, choose, took, next };
