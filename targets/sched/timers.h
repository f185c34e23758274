/* Timers: a heap per processor, looked after by the worker that has the
 * processor, or by thieves. Go 1.14 and later, runtime/time.go; the lock stands
 * where Go 1.14 to 1.22 had status words per timer.
 */
#ifndef SCHED_TIMERS_H
#define SCHED_TIMERS_H

#include "sched/g.h"

/* As struct runtime's timer_start() and timer_stop(). Calls on one timer come
 * one after the other; firings may come at any time. */
void timers_start(struct timer *t, int64_t when, void (*fire)(void *arg, uintptr_t seq),
		  void *arg, uintptr_t seq);
void timers_stop(struct timer *t);
/* Fires what is due in p's heap at time now. By a worker that has a processor.
 * Returns how many. */
unsigned timers_run(struct P *p, int64_t now);
/* When the first timer of all processors is due; 0: there is none. */
int64_t timers_next(struct sched *s);
/* When p's first is due; 0: it has none. */
static inline int64_t timers_first(struct P *p)
{
	/* pairs with: publish_first() — a sleeper's last look */
	return (int64_t)load_seq_cst(&p->timers.first);
}
/* Returns the heap's memory. */
void timers_end(struct P *p);

#endif
