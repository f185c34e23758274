/* A long search: shared by several processes, and if it is exhaustive kept in a
 * file when it is interrupted.
 */
#ifndef FUZZ_SHARE_H
#define FUZZ_SHARE_H

#include "explore.h"

enum { MAX_JOBS = 64 };

/* A random search, in force, with q->jobs processes: each runs the executions
 * whose numbers leave its own as remainder. Found is what one process alone
 * would have found first, but for PCT, which learns from its own executions how
 * long these are.
 *
 * Or explores depth first with q->jobs processes, and from q->resume on if that
 * file is there; what is left is written there if it ends early: by a limit, or
 * by an interrupt, which it catches then. Results as explore() has them. */
void share(const struct request *q, struct result *r);

#endif
