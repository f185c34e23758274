/* Worker threads, from their start to their end. */
#ifndef SCHED_WORKER_H
#define SCHED_WORKER_H

#include "sched/g.h"

/* Starts a worker with p, which is nobody's. s->lock held. */
void worker_new(struct sched *s, struct P *p, bool spinning);
/* The last goroutine has ended: sends the workers home. */
void worker_ended(struct sched *s);
/* Every worker sleeps, and some goroutine has not ended. */
_Noreturn void worker_deadlock(struct sched *s);
/* A fresh struct for a worker (worker.c starts it, cases do without). */
void worker_init(struct M *m, struct sched *s, uint32_t id);
/* A processor of fresh memory: idle, nothing queued. slots: of its ring, a
 * power of two. */
void proc_init(struct P *p, struct sched *s, uint32_t id, uint32_t slots);

#endif
