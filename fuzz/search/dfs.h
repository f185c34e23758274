/* Inside of the depth-first search (dfs.c): for what tells it which options
 * need not be taken (dpor.c), and what shares it between processes (share.c).
 */
#ifndef FUZZ_SEARCH_DFS_H
#define FUZZ_SEARCH_DFS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim.h"

enum { NO_NODE = UINT32_MAX };

/* A decision on the way to the execution under way. */
struct node {
	uint8_t n, taken;
	bool model; /* a choice of the memory model, not of the scheduler */
	uint8_t option[OPTIONS];
	uint64_t left;   /* indices still to explore after `taken` */
	uint64_t spare;  /* dpor: explored only if wanted */
	uint64_t done;   /* options explored, as bits of sim.sleep */
	uint64_t set;    /* dpor: options taken, to be taken, or asleep */
	unsigned steps;  /* before it */
};

/* A part of a search: the decisions down to where it begins, and what is left
 * to explore at each. */
struct piece { unsigned n; struct node node[MAX_CHOICES]; };

/* --- dfs.c, to dpor.c --- */

/* Whether one of these options (bits) is taken at that decision now or later,
 * was taken before, or sleeps there. */
bool dfs_covers(uint32_t node, uint64_t options);
/* The option is to be taken there too; all are if it is none of its options. */
void dfs_want(uint32_t node, unsigned option);
void dfs_want_all(uint32_t node);

/* --- dfs.c, to share.c; each between next() and begin() --- */

/* Splits off what is left at the first decision that has something: a piece for
 * another process. Returns false if that is not worth it. */
bool dfs_give(struct piece *p);
/* Goes on with that piece: an empty one is the whole search. */
void dfs_take(const struct piece *p);
/* All that is left. */
void dfs_rest(struct piece *p);

/* --- visited.c, to dfs.c --- */

/* Forgets all states: a new search, whose processes will be forked from this
 * one. */
void visited_start(void);
/* Whether all that can follow from here, with what is left of the budgets, was
 * begun elsewhere: by this process or another one of this search. If not, it is
 * begun here. inside: of an operation of the running thread. */
bool visited(bool inside);

/* --- dpor.c, to dfs.c --- */

/* A new execution, whose first `known` steps are those of the last one. */
void dpor_begin(unsigned known);
/* The option is about to be done, by that decision, or as the only one:
 * NO_NODE. Says what else is wanted at earlier ones. */
void dpor_took(unsigned option, uint32_t node);
/* The execution is over. */
void dpor_end(void);

#endif
