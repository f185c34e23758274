/* The inside of stop_the_world() and start_the_world(). */
#ifndef SCHED_STW_H
#define SCHED_STW_H

#include "sched/g.h"

/* Stops every processor; `own` is the caller's, which keeps it. One stopper at
 * a time. */
void stw_stop(struct sched *s, struct P *own);
void stw_start(struct sched *s, struct P *own);
/* One more processor has stopped. s->lock held, stopping. */
void stw_one_less(struct sched *s);

#endif
