/* What the scheduler's storms share: they run a program of goroutines while a
 * thread outside of the scheduler watches it.
 */
#ifndef STORMS_SCHED_WILD_H
#define STORMS_SCHED_WILD_H

#include "engine/env.h"
#include "port/port.h"
#include "sched/g.h"
#include "storms/storm.h"

/* A goroutine's figures. Words are written by it only. */
struct tally {
	_Alignas(64) word64 op[STORM_OPS];
	word64 parks, aborts;
	/* Odd while it computes and calls nothing of the scheduler's; on which
	 * worker. */
	word64 busy;
	word32 worker;
	uint64_t rng;
	unsigned id;
};

/* A storm: its program, and how much of it. */
struct wild {
	unsigned procs;    /* 0: as many as there are processors */
	unsigned tallies;  /* goroutines that count */
	bool aimed;        /* at a collector that goes on for ever (aim.c) */
	/* The first goroutine; returns soon after *stop. */
	void (*main)(void *arg);
};

extern struct wild_run {
	const struct storm_order *order;
	struct tally *tally;
	unsigned tallies;
	word32 stop;  /* 1: goroutines end */
	word32 looks; /* of the watcher */
} wild;

/* A storm over event ports: NAME_oneshot and NAME_exact. `what`: its
 * purpose. */
#define OVER_PORTS(id, what, ...)                                                        \
	STORM(id##_oneshot, .purpose = what ", through a port of one-shot entries",      \
	      .backend = &port_oneshot_backend, __VA_ARGS__);                            \
	STORM(id##_exact, .purpose = what ", through a port in user space",              \
	      .backend = &port_exact_backend, __VA_ARGS__)

/* A goroutine that is queued twice runs twice at once: then anything may
 * happen. */
#define ANYTHING(variant)                                                                \
	{ variant, FATAL, EVERY_MODEL }, { variant, CRASH, EVERY_MODEL },                 \
		{ variant, TIMEOUT, EVERY_MODEL }, { variant, DEADLOCK, EVERY_MODEL },    \
		{ variant, STACK_CORRUPTION, EVERY_MODEL },                               \
		{ variant, DATA_RACE, EVERY_MODEL }

/* Runs it to the order's end, on the order's backend (NULL: epoll), watches it,
 * and accounts for what it leaves. */
void wild_storm(const struct storm_order *order, const struct wild *w);
/* Counts an operation of the calling goroutine, and its parks. */
void wild_count(struct tally *t, unsigned op);
/* Around a stretch of the calling goroutine's own: in between it neither parks
 * nor readies anybody, nor asks for stack. */
void wild_compute(struct tally *t, bool begin);
/* Tells of n > 0 findings from a goroutine, on a stack that has room for it. */
void wild_find(enum failure failure, const char *what, uint64_t n);
/* At the end of a program that collects, when only its first goroutine is about
 * to go on: waits for the others, collects, and accounts for what is left. */
void wild_end(void);
/* Processors of a slice: twice as many as the machine has, by one seed in four
 * as many; two at least. */
unsigned wild_procs(uint64_t seed);
/* Recurses to some depth and back, and looks at the canaries that it left. */
void wild_dive(struct tally *t);
static inline bool wild_stopping(void)
{
	/* pairs with: wild_storm()'s store */
	return load_acquire(&wild.stop) != 0;
}

/* --- aim.c --- */

/* What it reports comes when it hurts; under: what it stands on. */
const struct poll_backend *wild_backend(const struct poll_backend *under);

/* --- watch.c --- */

/* Looks for workers that spin for what can no longer come, and frees them.
 * Returns how many it found. */
unsigned watch_wedges(struct sched *s);
/* Looks for descriptors that are over, closed or past their deadline, and whose
 * waiters sleep, and frees those. */
void watch_waiters(struct sched *s);

/* --- rest.c --- */

/* Tells of the thread that is worker `id`. By that thread. */
void rest_worker(unsigned id);
/* Looks for work and timers that nobody will see while every worker sleeps or
 * computes. Rouses somebody; returns how many it found. */
unsigned rest_look(struct sched *s);

#endif
