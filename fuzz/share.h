/* A long exhaustive search: shared by several processes, and kept in a file
 * when it is interrupted.
 */
#ifndef FUZZ_SHARE_H
#define FUZZ_SHARE_H

#include "explore.h"

enum { MAX_JOBS = 64 };

/* Explores depth first with q->jobs processes, and from q->resume on if that
 * file is there; what is left is written there if it ends early: by a limit, or
 * by an interrupt, which it catches then. Results as explore() has them. */
void share(const struct request *q, struct result *r);

#endif
