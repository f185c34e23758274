/* What the tests of the scheduler share. */
#ifndef UNIT_SCHED_RUN_H
#define UNIT_SCHED_RUN_H

#include "sched/g.h"
#include "tests/unit/check.h"

/* Runs fn(arg) as the first of a scheduler's goroutines, to the end of all. */
static inline struct sched_counts run(unsigned procs, void (*fn)(void *), void *arg)
{
	struct sched_config c = { .procs = procs };
	struct sched_counts counts;
	CHECK_EQ(sched_run(&c, fn, arg, &counts), 0);
	return counts;
}

/* What goroutines have counted. */
static word32 ran;

static inline void count(void *arg)
{
	fetch_add_relaxed(&ran, (uint32_t)(uintptr_t)arg);
}

#endif
