/* Searches: which option a decision takes, and whether another execution is
 * worth it.
 */
#ifndef FUZZ_SEARCH_SEARCH_H
#define FUZZ_SEARCH_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct search {
	/* Before execution number n (from 0) of this search. */
	void (*begin)(uint64_t n);
	/* Takes one of options[0 .. n), n > 1: returns its index, or n if each
	 * of them leads to an execution that is equivalent to one that was
	 * run. */
	unsigned (*pick)(const uint8_t *options, unsigned n);
	/* Takes one of n > 1 options of a memory model: index, 0 the newest
	 * store or the last place; n as above. */
	unsigned (*choose)(unsigned n);
	/* NULL, or: that option is about to be done, whether it was picked or
	 * the only one. */
	void (*took)(unsigned option);
	/* After an execution. Returns false when no other one is left. */
	bool (*next)(void);
	/* NULL, or asked before pick() where the running thread can go on, does
	 * not wait and holds no stores back: for how many steps it goes on if
	 * nothing changes who else could, so that nobody need be asked; 0: ask
	 * pick(). Also asked where nobody else can. */
	unsigned (*stays)(void);
};

/* The one in force. */
extern const struct search *search;

extern const struct search random_search, pct_search, pos_search, mixed_search, dfs_search,
	replay_search, budget_search;

/* Seeds the random ones; depth: PCT's number of ordering constraints, 1 .. 3,
 * or 0 for each in turn. */
void random_seed(uint64_t seed);
void pct_seed(uint64_t seed, unsigned depth);
void pos_seed(uint64_t seed);

/* How a depth-first search leaves out equivalent executions: not at all, by
 * sleep sets, or by source sets and these. A budget makes a promise, that every
 * execution within it is run or equivalent to one that is: so under one both
 * are off, and states that were met before are left instead. */
enum reduction { ALL_ORDERS, SLEEP_SETS, SOURCE_SETS };
/* Begins a depth-first search from the first execution. */
void dfs_start(enum reduction how);
/* Options that a bound has excluded so far. */
uint64_t dfs_excluded(void);

/* Takes these choices, then 0 for ever. The array is copied. */
void replay_start(const uint8_t *choices, unsigned n);
/* How many of them did not fit (were not below the number of options). */
unsigned replay_misfits(void);

/* --- budgets of one execution --- */

/* Bounds on preemptions (switches although the running thread could go on; who
 * begins is free) and on stale reads, also known as choices of a model that are
 * not 0; < 0: none. inner: the random search that budget_search limits. */
void budget_start(int64_t preemptions, int64_t stale, const struct search *inner);
/* Whether there is a bound at all, or one on preemptions. */
bool budget_any(void);
bool budget_preemptions(void);
/* A new execution. */
void budget_begin(void);
/* What is left of either, or 0 where there is no bound. */
unsigned budget_left_preemptions(void);
unsigned budget_left_stale(void);
/* Whether the option would be a preemption. */
bool budget_preempts(unsigned option);
/* Whether a spent budget forbids the option. */
bool budget_excludes(unsigned option);
/* The option is taken. */
void budget_spend(unsigned option);
/* Likewise for a model's choices. */
bool budget_stale_spent(void);
void budget_spend_choice(unsigned index);

/* --- random numbers: splitmix64 (Steele, Lea, Flood, OOPSLA 2014) --- */

static inline uint64_t random_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline uint64_t random_next(uint64_t *state)
{
	return random_mix(*state += 0x9e3779b97f4a7c15u);
}

/* Of a model's choices, for searches whose subject is schedules: the newest
 * three times in four. */
static inline unsigned random_choice(uint64_t *state, unsigned n)
{
	uint64_t r = random_next(state);
	return r & 3 ? 0 : 1 + ((r >> 32) * (n - 1) >> 32);
}

#endif
