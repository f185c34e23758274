/* Idle processors and workers, and who wakes them.
 *
 * The rule that keeps work and idle processors from missing each other:
 *   whoever makes work   puts it; barrier; if a processor is idle and nobody
 *                        spins, starts a spinning worker
 *   the last who spins   stops spinning; barrier; looks once more
 * One of the two sees the other. At most half of the busy processors' number
 * spins.
 */
#ifndef SCHED_IDLE_H
#define SCHED_IDLE_H

#include "sched/g.h"

/* --- s->lock held --- */

void idle_put(struct sched *s, struct P *p);
/* NULL: none is idle. */
struct P *idle_get(struct sched *s);
/* Starts or wakes a worker for p, which is nobody's. */
void idle_start(struct sched *s, struct P *p, bool spinning);

/* --- without it --- */

/* m takes p, which is nobody's, or lets its own go. */
void idle_acquire(struct M *m, struct P *p);
struct P *idle_release(struct M *m);
/* m takes an idle one. False: none is. */
bool idle_take(struct M *m);
/* m, which has nothing to run, gives up its processor and stops spinning.
 * False: it was work after all, and m has a processor again and spins, or has
 * taken what to do from somewhere else; look again. */
bool idle_leave(struct M *m);
/* Starts a spinning worker if a processor is idle and nobody spins. To be
 * called after work was put and published. */
void idle_wake_slow(struct sched *s);
static inline void idle_wake(struct sched *s)
{
	/* pairs with: idle_leave() — after the work was put */
	if (load_seq_cst(&s->idle_ps) != 0 &&
	    load_seq_cst(&s->spinning) == 0)
		idle_wake_slow(s);
}
/* A timer is due at `when`: wakes whoever would sleep longer. */
void idle_wake_for(struct sched *s, int64_t when);
/* m, which has a processor, looks for work: it spins. */
void idle_spin(struct M *m);
/* m has found work while it spun. */
void idle_found(struct M *m);
/* m, without a processor, sleeps until it is given one or is to help or to
 * end. */
void idle_stop(struct M *m);
/* m sees that the world is to stop: gives its processor for that, and has none
 * then. */
void idle_stop_for_world(struct M *m);

#endif
