/* Queues of runnable goroutines: one ring per processor, which others may steal
 * from, and a global list. After Blumofe and Leiserson, "Scheduling
 * Multithreaded Computations by Work Stealing", 1999, in the form of Go 1.19.
 *
 *   next | head -> g g g g <- tail     owner: puts at tail, takes at head;
 *                                      thieves: take half at head
 *   sent -> g -> g                     others: put; owner, thieves: take all
 */
#ifndef SCHED_RUNQ_H
#define SCHED_RUNQ_H

#include "sched/g.h"

/* The owner puts g behind the others; of a full ring half goes to the global
 * queue. No barrier: whoever then relies on it being seen calls runq_publish()
 * first. */
void runq_put(struct P *p, struct G *g);
/* The owner puts g before all others; whoever was there goes behind them. */
void runq_put_next(struct P *p, struct G *g);
/* Anybody puts the goroutines from `first` to `last`, linked, where to's owner
 * comes upon them when it has nothing else. As runq_put(), no barrier. */
void runq_send(struct P *to, struct G *first, struct G *last);
/* The owner puts what was sent behind the others: now and then, or it would
 * wait for as long as there are others. */
void runq_receive(struct P *p);
/* The owner takes the next one, and what was sent after all others; NULL: there
 * is none. fair: the ring before next. */
struct G *runq_get(struct P *p, bool fair);
/* Moves half of from's ring, or else all that was sent there, to the empty ring
 * of `to`, and takes one of them; NULL: there was none. next: also what runs
 * next there. By to's owner. */
struct G *runq_steal(struct P *to, struct P *from, bool next);
/* Whether p has nothing. By anybody. */
bool runq_empty(struct P *p);
/* Between putting and looking for idle processors. */
static inline void runq_publish(void)
{
#ifndef BUG_WAKE_UNFENCED
	/* pairs with: idle_leave() decrement — work, before spinning is read
	 */
	fence_seq_cst();
#else
	/* dropped: the barrier. The one who puts sees a worker that still
	 * spins, that worker's last look misses the work in the store buffer:
	 * lost_work, on x86. (Not on ARM64, where the release store before
	 * and the seq_cst load after keep their order.) */
#endif
}

/* --- the global queue; s->lock held --- */

/* Appends the n goroutines from `first` to `last`, linked. */
void global_put(struct sched *s, struct G *first, struct G *last, unsigned n);
/* Takes p's share, at most `most`: returns one, the rest goes to p's ring. p is
 * the caller's. NULL: empty. */
struct G *global_get(struct sched *s, struct P *p, unsigned most);

#endif
