/* Between the depth-first search (dfs.c) and what tells it which options need
 * not be taken (dpor.c).
 */
#ifndef FUZZ_SEARCH_DFS_H
#define FUZZ_SEARCH_DFS_H

#include <stdbool.h>
#include <stdint.h>

enum { NO_NODE = UINT32_MAX };

/* --- dfs.c, to dpor.c --- */

/* Whether one of these options (bits) is taken at that decision now or later,
 * was taken before, or sleeps there. */
bool dfs_covers(uint32_t node, uint64_t options);
/* The option is to be taken there too; all are if it is none of its options. */
void dfs_want(uint32_t node, unsigned option);
void dfs_want_all(uint32_t node);

/* --- dpor.c, to dfs.c --- */

/* A new execution, whose first `known` steps are those of the last one.
 * bounded: the budget limits preemptions. */
void dpor_begin(unsigned known, bool bounded);
/* The option is about to be done, by that decision, or as the only one:
 * NO_NODE. Says what else is wanted at earlier ones. */
void dpor_took(unsigned option, uint32_t node);
/* The execution is over. */
void dpor_end(void);

#endif
