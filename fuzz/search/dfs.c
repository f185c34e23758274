/* Depth-first search without stored states: every execution runs from the
 * start, along the stack of decisions, to the first one that has an option
 * left.
 *
 * Sleep sets (Godefroid, LNCS 1032, 1996): options explored at a decision stay
 * asleep in its later branches until something that depends on them happens.
 * With source sets (dpor.c) a decision begins with one option, and takes those
 * that are found to be wanted. Under a budget there are neither; states that
 * were met before are left (visited.c).
 */
#include <string.h>

#include "decide.h"
#include "search/dfs.h"
#include "search/search.h"
#include "sim.h"

enum { LEAST_DEPTH = 4 }; /* of a piece worth giving away */

static struct node stack[MAX_CHOICES];
static unsigned depth, top; /* decisions of this execution; nodes on the stack */
static bool reduce, dpor, remember, picked;
static unsigned known_steps;
static uint64_t excluded;

void dfs_start(enum reduction how)
{
	top = 0;
	excluded = 0;
	known_steps = 0;
	reduce = how != ALL_ORDERS && !budget_any();
	remember = how != ALL_ORDERS && budget_any();
	dpor = how == SOURCE_SETS && !budget_any();
	if (remember)
		visited_start();
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
	sim.remembers = remember;
	picked = false;
	if (dpor)
		dpor_begin(known_steps);
}

/* Leaves one option to be taken, the clock as well if it is one; the others are
 * spare. */
static void spare_all(struct node *d)
{
	uint64_t first = d->left & -d->left;
	for (unsigned i = 0; i < d->n; i++) {
		bool offered = d->left >> i & 1;
		if (d->option[i] == CLOCK)
			first |= d->left & bit(i);
		d->set |= offered ? 0 : bit(d->option[i]);
	}
	d->spare = d->left & ~first;
	d->left = first;
	for (unsigned i = 0; i < d->n; i++)
		d->set |= first >> i & 1 ? bit(d->option[i]) : 0;
}

static unsigned grow(const uint8_t *options, unsigned n)
{
	if (remember && visited(false))
		return n;
	struct node *d = &stack[top];
	memcpy(d->option, options, n);
	d->n = n;
	d->model = false;
	d->left = d->done = d->spare = d->set = 0;
	d->steps = sim.taken;
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
	if (dpor)
		spare_all(d);
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
	picked = true;
	budget_spend(options[index]);
	return index;
}

/* A model's choice: as a decision whose options are only numbers. Whatever is
 * not 0 counts as a stale read. */
static unsigned choose(unsigned n)
{
	if (depth == top) {
		if (remember && visited(true))
			return n;
		struct node *d = &stack[top++];
		bool spent = budget_stale_spent();
		d->n = n;
		d->model = true;
		d->taken = 0;
		d->done = d->spare = 0;
		d->steps = sim.taken;
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
	if (dpor)
		dpor_took(option, picked ? depth - 1 : NO_NODE);
	picked = false;
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

bool dfs_covers(uint32_t node, uint64_t options)
{
	return stack[node].set & options;
}

void dfs_want(uint32_t node, unsigned option)
{
	struct node *d = &stack[node];
	unsigned i = 0;
	while (i < d->n && d->option[i] != option)
		i++;
	if (i == d->n) {
		dfs_want_all(node);
		return;
	}
	d->left |= d->spare & bit(i);
	d->spare &= ~bit(i);
	d->set |= bit(option);
}

void dfs_want_all(uint32_t node)
{
	for (unsigned i = 0; i < stack[node].n; i++)
		dfs_want(node, stack[node].option[i]);
}

bool dfs_give(struct piece *p)
{
	unsigned i = 0;
	while (i < top && !(stack[i].left | stack[i].spare))
		i++;
	if (i + LEAST_DEPTH >= top)
		return false;
	/* What is found wanted at it from now on would be heard on one side
	 * only. */
	if (!stack[i].model)
		dfs_want_all(i);
	struct node *d = &stack[i];
	memcpy(p->node, stack, (i + 1) * sizeof *stack);
	p->n = i + 1;
	struct node *given = &p->node[i];
	if (!d->model)
		given->done |= bit(d->option[d->taken]);
	given->taken = __builtin_ctzll(d->left);
	given->left &= given->left - 1;
	d->left = 0;
	return true;
}

void dfs_take(const struct piece *p)
{
	memcpy(stack, p->node, p->n * sizeof *stack);
	top = p->n;
	known_steps = 0;
}

void dfs_rest(struct piece *p)
{
	memcpy(p->node, stack, top * sizeof *stack);
	p->n = top;
}

static bool next(void)
{
	if (dpor)
		dpor_end();
	while (top > 0) {
		struct node *d = &stack[top - 1];
		if (d->left) {
			if (!d->model)
				d->done |= bit(d->option[d->taken]);
			d->taken = __builtin_ctzll(d->left);
			d->left &= d->left - 1;
			known_steps = d->steps;
			return true;
		}
		top--;
	}
	return false;
}

const struct search dfs_search = { begin, pick, choose, took, next, NULL };
