/* What a worker does next. */
#ifndef SCHED_SCHEDULE_H
#define SCHED_SCHEDULE_H

#include "sched/g.h"

/* Runs goroutines until all have ended. On the worker's own stack. */
void schedule(struct M *m);
/* The next goroutine that m runs, which waits until there is one; NULL: all has
 * ended. */
struct G *schedule_find(struct M *m);
/* Makes the n goroutines of list runnable, as the poller says. By any thread of
 * the scheduler, with a processor or not, also while the world is stopped. */
void schedule_inject(struct sched *s, struct M *m, struct g **list, unsigned n);
/* Polls without waiting, and injects. Returns how many it made runnable. */
unsigned schedule_poll(struct sched *s, struct M *m);
/* The same for m, which has nothing to run. Returns one that it runs at once,
 * or NULL; the others are put where they belong. */
struct G *schedule_poll_own(struct sched *s, struct M *m);
/* Blocks m, which has no processor, in the poller until its events or the first
 * timer, unless somebody does or there is nothing to wait for. It may have a
 * processor then. Returns whether it has, or has made something runnable. */
bool schedule_block(struct M *m);
/* Whether anybody is parked in the poller. A glance. */
static inline bool schedule_is_awaited(struct sched *s)
{
	/* relaxed: whoever parks there looks here after it */
	return load_relaxed(&s->poller.waiters) != 0;
}
static inline bool schedule_is_stopping(struct sched *s)
{
	/* pairs with: stop_the_world() */
	return load_acquire(&s->stopping) != 0;
}
/* What the goroutine that has just left m wanted done (enum after). Returns it
 * if it is to go on at once. */
struct G *schedule_after(struct M *m);

#endif
