/* Garbage collection: objects that no goroutine's handle leads to are freed,
 * and stacks that are mostly unused are shrunk.
 *
 * A cycle stops the world, looks at every goroutine's handles on several
 * workers at once, shrinks its stack, marks what the handles lead to, and
 * starts the world. Sweeping goes on beside the goroutines: by a goroutine of
 * the collector's own, by whoever allocates, and by the next cycle at last. (Go
 * 1.4 to 1.22, with marking as it was before 1.5.)
 */
#ifndef SCHED_GC_H
#define SCHED_GC_H

#include "sched/heap.h"

struct gc_config {
	size_t heap_bytes; /* at most; 0: 1 GiB */
	bool poison;       /* free objects are watched for writes */
	size_t small;      /* larger objects have spans of their own; 0: HEAP_SMALL bytes */
};

/* What the collector did, and the heap as gc_end() found it. */
struct gc_counts {
	uint64_t cycles;
	uint64_t moves;        /* of stacks, growth included */
	int64_t pause_ns, longest_pause_ns; /* the world stopped: all, and the longest */
	uint64_t allocated, freed; /* objects */
	uint64_t spans, swept;     /* spans ever made, and sweeps of one */
	uint64_t returned;     /* pages given back */
	uint32_t handles;      /* never given back */
	/* Failures, all early frees: handles that led to no object, free
	 * objects written to. */
	uint64_t dangling, written;
	struct heap_audit audit;
};

/* All from goroutines. The first call, before any other, and the last, when
 * nobody else uses the heap any more. */
void gc_begin(const struct gc_config *c);
void gc_end(struct gc_counts *counts);
/* Runs a cycle. */
void gc_collect(void);
/* The figures so far; exact only for whoever is alone. */
void gc_look(struct gc_counts *counts);
/* How many goroutines the markers have taken in this cycle, or the last one, in
 * the order of all_goroutines(). By anybody. */
uint32_t gc_taken(void);

/* A place for the address of an object, which lives as long as it stands there;
 * NULL at first. The calling goroutine's, until it gives it back. Fatal where a
 * goroutine has too many. */
void **gc_handle(void);
void gc_release(void **handle);
/* Puts the address of a new, zeroed object into *handle and returns it. Where
 * it has pointers, the objects they lead to live as long as it does. May yield:
 * an address that stands in no handle and no object is lost. */
void *gc_alloc(void **handle, size_t bytes, bool pointers);
/* As heap_watch(). */
void gc_watch(void *object, struct watch *w);

#endif
