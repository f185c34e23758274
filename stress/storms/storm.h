/* Storms: a sustained workload on a whole target, with real descriptors.
 *
 * A storm is one folder's worth of code in stress/storms/<target>/, compiled
 * anew for each variant of that target. Its declaration:
 *
 *   STORM(churn,
 *         .purpose = "...",
 *         .op = { "read", "write", "close" },
 *         .run = run,
 *         MUST({ "BUG_X", LOST_WAKEUP, EVERY_MODEL }),
 *         MAY({ "BUG_Y", LOST_WAKEUP, EVERY_MODEL }));
 *
 * Nothing lists storms: STORM leaves a pointer in a linker section. The runner
 * (stress/storms/run.c) forks children ("slices") that run the storm one after
 * the other; what they find lies in memory shared with it. A storm knows the
 * runner by this header alone, never by a symbol.
 */
#ifndef STORMS_STORM_H
#define STORMS_STORM_H

#include "base/case.h"

struct poll_backend;

enum { STORM_OPS = 12, STORM_GAUGES = 4, STORM_SAMPLES = 1024 };

/* What one look at the storm saw. Counts are since the storm began, over all
 * slices. */
struct storm_sample {
	int64_t ns; /* since the storm began */
	uint64_t ops, commits, events, lost, stuck;
	uint32_t gauge[STORM_GAUGES]; /* the storm's own, by its .gauge */
	uint32_t open;    /* descriptors that the target holds */
	uint32_t files;   /* descriptors that the process holds */
	uint64_t rss_kib; /* resident memory of the process, maybe its lowest since */
	uint32_t slice;
};

/* Grows over all slices; written by one thread of the slice that runs. */
struct storm_counts {
	uint64_t op[STORM_OPS];
	uint64_t commits; /* goroutines that parked, and were in the semaphore */
	uint64_t aborts;  /* parks called off by their commit step */
	uint64_t events;  /* from epoll */
	uint64_t timers;  /* firings of deadlines that had come */
	uint64_t graces;  /* times that suspicions were put to the proof */
	uint64_t cleared; /* suspicions that did not hold */
	uint64_t rescued; /* goroutines readied for the target */
	uint64_t failed_opens;
	uint64_t in_vain; /* waits that ended with nothing there */
	uint32_t open_most; /* descriptors that the target held at once */
	uint32_t parked_most;
};

/* What the runner gives a storm. */
struct storm_order {
	const struct poll_backend *backend; /* the storm's */
	unsigned descriptors;
	uint64_t seed;
	int64_t end;             /* world_now() at which to stop */
	uint64_t until_ops;      /* stop at so many operations in all; 0: do not */
	const word32 *stop;      /* not 0: stop now */
	struct storm_counts *counts;
	/* Sits the calling thread on the next processor of the placement. */
	void (*sit)(unsigned thread);
	/* Reports n findings. From any thread. */
	void (*found)(enum failure f, const char *what, uint64_t n);
	/* A look at the storm: ns, and the figures of counts, are filled in by
	 * the runner. */
	void (*sample)(const struct storm_sample *s);
	/* Tells the runner that something has moved. */
	void (*alive)(void);
	/* The storm cannot go on: the rig's failure. Does not return. */
	void (*give_up)(const char *why);
};

struct storm {
	const char *target, *name, *file, *purpose;
	const char *op[STORM_OPS];     /* end at the first NULL */
	uint64_t quota[STORM_OPS];     /* of these, that a soak must make */
	const char *gauge[STORM_GAUGES]; /* likewise: figures of its samples */
	unsigned descriptors, fewest;  /* by default, and the fewest that make sense */
	unsigned files_each, files_more; /* open files per descriptor, and besides */
	/* What its poller stands on; NULL: it has none, or its own. */
	const struct poll_backend *backend;
	/* Storms until the order's end; runs in a process of its own. */
	void (*run)(const struct storm_order *order);
	/* As in a case. Variants that must show a failure, and those that may:
	 * too rare without aim to be relied upon. Both end at the first without
	 * a variant. */
	const struct expectation *must, *may;
};

#define MUST(...) .must = (const struct expectation[]){ __VA_ARGS__, { 0 } }
#define MAY(...) .may = (const struct expectation[]){ __VA_ARGS__, { 0 } }

#define STORM(id, ...)                                                                   \
	extern const struct storm storm_##id;                                            \
	const struct storm storm_##id = { .target = TARGET,                              \
					  .name = #id,                                   \
					  .file = __FILE__,                              \
					  __VA_ARGS__ };                                 \
	__attribute__((used, section("stormrig_storms"))) static const struct storm     \
		*const storm_entry_##id = &storm_##id

/* Weak: a target may have none. */
extern const struct storm *const __start_stormrig_storms[] __attribute__((weak));
extern const struct storm *const __stop_stormrig_storms[] __attribute__((weak));

#endif
