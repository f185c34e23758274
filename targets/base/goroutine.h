/* Goroutines and timers as the poller sees them: one seam, several runtimes.
 *
 * `runtime` points to the one in use: the runners of cases
 * (stress/engine/round.c spins and never enters the kernel; fuzz/world.c blocks
 * a fiber), one thread per goroutine with futexes and a timer thread
 * (base/threads.c), later the scheduler.
 */
#ifndef BASE_GOROUTINE_H
#define BASE_GOROUTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/order.h"

/* status: G_RUNNING -> G_WAITING by the goroutine itself, before its commit
 * step makes it visible to wakers; G_WAITING -> G_RUNNABLE by the one party
 * that took it out of where it waited; back to G_RUNNING by itself. */
enum g_status { G_RUNNING = 0, G_WAITING = 1, G_RUNNABLE = 2 };

struct g {
	/* kept: hands over the goroutine and all that its last owner did, which
	 * the cases do not read */
	word32 status;
	uint32_t parks;  /* commits that succeeded; written by the goroutine only */
	uint32_t aborts; /* commits that failed; likewise */
	uint32_t id;     /* the runtime's own */
};

/* A one-shot timer, embedded in its owner. Every field is the runtime's. */
struct timer {
	int64_t when;
	void (*fire)(void *arg, uintptr_t seq);
	void *arg;
	uintptr_t seq;
	uint32_t heap_index; /* place in the runtime's queue, from 1; 0: not in it */
	void *home;          /* the queue, where the runtime has several */
};

/* Returns false to call the park off: the goroutine goes on at once. */
typedef bool commit_fn(struct g *g, void *arg);

struct runtime {
	const char *name;
	struct g *(*current)(void);
	/* Makes the current goroutine wait. Its status is G_WAITING when commit
	 * runs; once commit has published it, it may be readied at any moment.
	 */
	void (*park)(commit_fn *commit, void *arg);
	/* Makes g runnable. g must be G_WAITING, else fatal. */
	void (*ready)(struct g *g);
	/* Arms t, or moves it if armed: at world_now() >= when it calls
	 * fire(arg, seq) once, with no lock held. seq tells the callee a firing
	 * that was overtaken by a change from a current one. */
	void (*timer_start)(struct timer *t, int64_t when,
			    void (*fire)(void *arg, uintptr_t seq), void *arg, uintptr_t seq);
	/* Disarms t; a firing that has begun is not waited for. */
	void (*timer_stop)(struct timer *t);
};

extern const struct runtime *runtime;

#endif
