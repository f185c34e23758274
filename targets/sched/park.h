/* Goroutines come and go: what is done on the worker's stack for one that has
 * left it. */
#ifndef SCHED_PARK_H
#define SCHED_PARK_H

#include "sched/g.h"

/* g parks: it waits from here on, and m->commit publishes it. Returns false if
 * the park was called off; it is runnable then, and the caller's. Once
 * published, it may run elsewhere: g is not touched any more. */
bool park_commit(struct M *m, struct G *g);
/* g lets others run first. */
void park_yielded(struct M *m, struct G *g);
/* g has ended. */
void park_exited(struct M *m, struct G *g);
/* g is back from a system call and found no processor; m has none. */
void park_returned(struct M *m, struct G *g);
/* Leaves the current goroutine's stack for m's; returns when it runs again. */
void park_leave(enum after after);

#endif
