/* States that a bounded search has met, by a hash of 64 bits (hash compaction:
 * Wolper and Leroy, CAV 1993). As in Musuvathi and Qadeer's "Partial-order
 * reduction for context-bounded state exploration" (2007), a state is not read
 * from memory but is what has happened, without the order of what does not
 * depend on each other: each thread's past (sim.h), and the model's own orders.
 *
 * A state is left at once where it was met with as much of either budget left,
 * or with one preemption more by whatever thread: that one may be spent on
 * switching to the thread that runs here. What follows from a state takes more
 * steps than led to it, so that no two states, of one process or of several,
 * can be left in each other's favour.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "base/order.h"
#include "memory/weak.h"
#include "search/dfs.h"
#include "search/search.h"

/* Tables of growing size, the next one for what finds its line of the last one
 * full; what finds none is not remembered. */
enum { LINE = 4, LEAST_BITS = 12, LEVELS = 6, LEVEL_BITS = 2, MOST_LEFT = 7 };

struct known {
	word64 state; /* 0: none; set once. relaxed, as nothing else hangs on it */
	word64 left;  /* pairs of budgets left with which it was met, as bits */
};

static struct known *table;

static size_t level_size(unsigned level)
{
	return (size_t)1 << (LEAST_BITS + level * LEVEL_BITS);
}

void visited_start(void)
{
	static size_t bytes;
	if (table)
		munmap(table, bytes);
	bytes = 0;
	for (unsigned i = 0; i < LEVELS; i++)
		bytes += level_size(i) * sizeof *table;
	table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		engine_error("no memory for the states of a search");
}

/* The place of a state, claimed if it is new; NULL: no room. */
static struct known *find(uint64_t state)
{
	struct known *level = table;
	for (unsigned l = 0; l < LEVELS; level += level_size(l++)) {
		size_t line = state >> 20 & (level_size(l) / LINE - 1);
		for (struct known *k = level + line * LINE; k < level + (line + 1) * LINE; k++) {
			/* relaxed, here and below: as above */
			uint64_t found = load_relaxed(&k->state);
			if (found == 0 && cas_relaxed(&k->state, &found, state))
				return k;
			if (found == state)
				return k;
		}
	}
	return NULL;
}

/* The pairs with at least so much left of each, as bits. */
static uint64_t at_least(unsigned preemptions, unsigned stale)
{
	uint64_t pairs = 0;
	for (unsigned p = preemptions; p <= MOST_LEFT; p++)
		pairs |= (0xffull << stale & 0xff) << 8 * p;
	return pairs;
}

/* Notes that the state is met with so much left. Returns whether it was, with
 * that or more. */
static bool note(uint64_t state, unsigned preemptions, unsigned stale, bool look_only)
{
	if (preemptions > MOST_LEFT || stale > MOST_LEFT) {
		state = past_mix(past_mix(state, preemptions), stale);
		preemptions = stale = 0;
	}
	struct known *k = find(state | 1);
	if (!k)
		return false;
	/* relaxed: as above; whoever is first goes on */
	uint64_t met = look_only ? load_relaxed(&k->left) :
		fetch_or_relaxed(&k->left, bit(8 * preemptions + stale));
	return met & at_least(preemptions, stale);
}

/* --- the state --- */

/* The atomic locations in the order of their addresses, as far as this
 * execution has come. */
static struct location *order[MAX_LOCATIONS];
static unsigned ordered;

static void order_locations(void)
{
	static unsigned known;
	static uint32_t execution;
	if (execution != sim_stamp)
		ordered = known = 0;
	execution = sim_stamp;
	/* locations[0] stands for none. */
	while (++known < locations_end()) {
		struct location *l = &locations[known];
		unsigned at = ordered;
		while (at > 0 && order[at - 1]->address > l->address)
			at--;
		if (at > 0 && order[at - 1]->address == l->address) {
			order[at - 1] = l;
			continue;
		}
		for (unsigned i = ordered++; i > at; i--)
			order[i] = order[i - 1];
		order[at] = l;
	}
	known--;
}

static void sign_thread(struct signature *s, const struct thread *t)
{
	uint64_t quiet = t->quiet_changes == sim.changes ? t->quiet : 0;
	sign(s, t->past);
	sign(s, t->spin_count | quiet << 32);
	sign(s, t->relaxes | (uint64_t)t->impatient << 32 | (uint64_t)t->fresh << 33);
}

static uint64_t state_now(void)
{
	struct signature s = SIGNATURE;
	for (unsigned i = 0; i < sim.threads; i++)
		sign_thread(&s, &sim.thread[i]);
	sign(&s, sim.enabled);
	sign(&s, sim.soft);
	sign(&s, sim.spinning);
	sign(&s, sim.any_waiters);
	sign(&s, sim.now);
	sign(&s, sim.turn | (uint64_t)sim.grace << 32);
	order_locations();
	for (unsigned i = 0; i < ordered; i++) {
		if (order[i]->newest.past == 0)
			continue;
		sign(&s, order[i]->address);
		sign(&s, order[i]->newest.past);
	}
	if (model->sign)
		model->sign(&s, order, ordered);
	return past_mix(s.a, s.b);
}

/* Whether a switch costs nothing, here and after what is no thread's step: a
 * store that reaches memory, or a time-out, may let the last thread go on. */
static bool any_switch_is_free(void)
{
	if (!budget_preemptions() || sim.cur == NOBODY || sim.steps == 1 ||
	    sim.thread[sim.cur].state == FINISHED)
		return true;
	bool goes_on = (sim.enabled & ~sim.soft) >> sim.cur & 1;
	return !goes_on && sim.enabled >> FLUSH == 0;
}

bool visited(bool inside)
{
	unsigned preemptions = budget_left_preemptions(), stale = budget_left_stale();
	uint64_t state = past_mix(state_now(), inside ? sim.cur + 1 : 0);
	if (any_switch_is_free())
		return note(state, preemptions, stale, false);
	if (note(state, preemptions, stale, true))
		return true;
	if (note(past_mix(state, sim.cur), preemptions, stale, false))
		return true;
	if (preemptions > 0)
		note(state, preemptions - 1, stale, false);
	return false;
}
