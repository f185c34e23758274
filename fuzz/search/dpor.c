/* Source sets: which options of a decision lead to an execution that is not
 * equivalent to another one (source-DPOR: Abdulla, Aronis, Jonsson, Sagonas,
 * POPL 2014).
 *
 * Two steps race if they depend on each other and happens-before orders them by
 * that alone. For each race the other order must be begun somewhere: from the
 * decision before the first step, all that does not come after it, then the
 * second; unless an option that could begin this is explored there anyway.
 * Threads, store buffers and the clock are the processes. Several outcomes of
 * one step (a model's choices) are all explored, so that a step is the set of
 * them; two steps on different locations commute as sets (the places of stores
 * in one order, the places in another). A step that ends the execution depends
 * on all; the clock is always explored, as others can disable it.
 */
#include <string.h>

#include "decide.h"
#include "search/dfs.h"
#include "search/search.h"
#include "sim.h"

enum { MAX_STEPS = 1 << 16, KEYS = 1 << 12, MAX_RACES = 256 };

struct step {
	uintptr_t key;
	uint32_t node;   /* the decision that took it, or NO_NODE */
	uint32_t before; /* the last step of that key; 0: none */
	uint8_t option;
	bool write;
	uint16_t clock[OPTIONS]; /* of each process, the last step that happened before */
};

static struct step step[MAX_STEPS]; /* from 1 */
static unsigned known, last[OPTIONS], last_all;
static struct { uintptr_t key; uint32_t execution, last; } keys[KEYS];
static uint32_t execution;
static unsigned key_count;

void dpor_begin(unsigned known_steps)
{
	execution++;
	known = known_steps;
	last_all = key_count = 0;
	memset(last, 0, sizeof last);
}

static uint32_t *last_of(uintptr_t key)
{
	unsigned i = key * 0x9e3779b97f4a7c15u >> (64 - 12);
	while (keys[i].execution == execution && keys[i].key != key)
		i = (i + 1) % KEYS;
	if (keys[i].execution != execution) {
		if (++key_count > KEYS / 2)
			engine_error("more than %d locations in one execution", KEYS / 2);
		keys[i].key = key;
		keys[i].execution = execution;
		keys[i].last = 0;
	}
	return &keys[i].last;
}

static void join(uint16_t *to, const uint16_t *from)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		to[i] = from[i] > to[i] ? from[i] : to[i];
}

static inline bool before(unsigned a, unsigned b)
{
	return step[b].clock[step[a].option] >= a;
}

/* The processes that could be the first of: all steps after `first` that do not
 * come after it, up to and with `second`. */
static uint64_t initials(unsigned first, unsigned second)
{
	unsigned begun[OPTIONS] = { 0 };
	uint64_t processes = 0, found = 0;
	for (unsigned n = first + 1; n <= second; n++) {
		if (n < second && before(first, n))
			continue;
		bool follows = false;
		for (uint64_t left = processes; left && !follows; left &= left - 1) {
			unsigned p = __builtin_ctzll(left);
			follows = step[n].clock[p] >= begun[p];
		}
		unsigned p = step[n].option;
		if (processes >> p & 1)
			continue;
		processes |= bit(p);
		begun[p] = n;
		found |= follows ? 0 : bit(p);
	}
	return found;
}

static void reverse(unsigned first, unsigned second)
{
	unsigned p = step[second].option;
	uint32_t node = step[first].node;
	uint64_t options = initials(first, second);
	if (node != NO_NODE && !dfs_covers(node, options))
		dfs_want(node, options >> p & 1 ? p : (unsigned)__builtin_ctzll(options));
}

/* Those that the step depends on and that are not ordered before it otherwise,
 * from the last to the first; and its clock. Behind a write nothing else can
 * race, as it comes after all others of its key. */
static unsigned races(unsigned n, const struct op *op, unsigned *race)
{
	struct step *s = &step[n];
	unsigned found = 0;
	unsigned at = op->key == KEY_ALL ? n - 1 : s->before > last_all ? s->before : last_all;
	while (at > 0) {
		const struct step *e = &step[at];
		bool covers = at == last_all || (op->key == e->key && e->write);
		bool dependent = op->key == KEY_ALL ? e->key != KEY_NONE : op->write || e->write;
		if (dependent && s->clock[e->option] < at) {
			if (found == MAX_RACES)
				engine_error("more than %d races of one step", MAX_RACES);
			race[found++] = at;
			join(s->clock, e->clock);
		}
		if (covers)
			return found;
		if (op->key == KEY_ALL)
			at--;
		else
			at = e->before > last_all ? e->before : last_all;
	}
	return found;
}

static void record(unsigned n, unsigned option, uint32_t node, const struct op *op)
{
	struct step *s = &step[n];
	unsigned race[MAX_RACES];
	s->key = op->key;
	s->write = op->write;
	s->option = option;
	s->node = node;
	memset(s->clock, 0, sizeof s->clock);
	if (last[option])
		join(s->clock, step[last[option]].clock);
	if (op->cause)
		join(s->clock, step[op->cause].clock);
	unsigned found = op->key == KEY_NONE ? 0 : races(n, op, race);
	s->clock[option] = n;
	for (unsigned i = 0; i < found; i++)
		reverse(race[i], n);
}

void dpor_took(unsigned option, uint32_t node)
{
	const struct op *op = op_of(option);
	unsigned n = sim.taken;
	if (n >= MAX_STEPS)
		engine_error("more than %d steps in one execution", MAX_STEPS);
	uint32_t *of_key = op->key == KEY_NONE || op->key == KEY_ALL ? NULL : last_of(op->key);
	if (n > known) {
		step[n].before = of_key ? *of_key : 0;
		record(n, option, node, op);
	}
	if (of_key)
		*of_key = n;
	if (op->key == KEY_ALL)
		last_all = n;
	last[option] = n;
}

/* What ended the execution before its time would not have come, or not so soon,
 * had another one gone first. */
void dpor_end(void)
{
	if (sim.stop == STOP_QUIET || sim.stop == STOP_NONE || sim.stop == STOP_REDUNDANT)
		return;
	if (step[sim.taken].node != NO_NODE)
		dfs_want_all(step[sim.taken].node);
}
