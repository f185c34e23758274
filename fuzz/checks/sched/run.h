/* A program that runs on a scheduler of its own, and what is counted of it. */
#ifndef FUZZ_CHECKS_SCHED_RUN_H
#define FUZZ_CHECKS_SCHED_RUN_H

#include "checks/must.h"
#include "sched/g.h"
#include "sched/gc.h"
#include "sched/sched.h"

struct state {
	struct sched_counts counts;
};

static inline void run_program(struct state *s, struct slot *me, const struct sched_config *c,
			       void (*first)(void *))
{
	must(sched_run(c, first, s, &s->counts) == 0, "no scheduler");
	came_through(me);
}

/* Waits until a goroutine has put so much there. */
static inline void await_count(word32 *w, uint32_t n)
{
	/* pairs with: whoever counts — what it did before */
	while (load_acquire(w) < n)
		go_yield();
}

static inline void count_one(word32 *w)
{
	/* pairs with: await_count() */
	fetch_add_acq_rel(w, 1);
}

#endif
