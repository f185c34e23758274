/* A heap of small objects in spans, swept while goroutines run (after the Go
 * runtime's mheap, mcentral and mcache; Go 1.16 to 1.22).
 *
 *   page     8 KiB of the arena; a span is one or more, all of one class
 *   class    objects of one size, with pointers or without
 *   cache    a processor's current span of each class: allocation touches
 *            nothing shared
 *   sets     of each class, spans with room and full ones, swept and unswept:
 *            four span sets. Whether a set holds swept spans changes with the
 *            generation, so that a collection turns all swept ones into
 *            unswept ones by counting.
 *
 * A collection marks with the world stopped. Then the generation goes up by 2
 * and whoever needs a span sweeps one, and a sweeper the rest: what is taken
 * and not marked is free again.
 */
#ifndef SCHED_HEAP_H
#define SCHED_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "spanset/spanset.h"

enum {
	HEAP_PAGE = 8 << 10,
	HEAP_SIZES = 12,          /* sizes of small objects */
	HEAP_SMALL = 2048,        /* bytes of the largest small one */
	HEAP_CLASSES = 2 * (HEAP_SIZES + 1), /* by size (0: large), then by pointers */
	HEAP_BITS = HEAP_PAGE / 16 / 64
};

/* Every word of a free object, in heaps that poison. */
#define HEAP_POISON UINT64_C(0xf5ee0b1ec7f5ee0b)

/* The life of an object, for those who watch it: 0, then how often it was
 * freed. */
struct watch {
	struct watch *next; /* guarded by the span's lock */
	uint32_t object;    /* its number in the span */
	word32 freed;
};

/* state, relative to the heap's generation G:
 *
 *   G - 2  unswept, in a set or popped from one
 *   G - 1  being swept, by whoever made it so from G - 2 by swap
 *   G      swept, in a set, or free pages, or with its last sweeper
 *   G + 1  swept, and in a cache, by whose owner it came there from G
 *
 * G itself moves by 2, with the world stopped and caches flushed. A span that
 * somebody sweeps without popping it stays in its unswept set, whose poppers
 * find it swept and leave it. */
struct span {
	/* kept: caches' owners hand on what a sweeper did, at which nobody
	 * looks without the lock */
	HOT word32 state;
	char *base;
	uint32_t pages;       /* 0: no span, but a struct for one */
	uint32_t objects, size;
	uint32_t class;
	/* The rest belongs to the cache that has it, or to its sweeper. */
	uint32_t next;        /* no object below is free */
	uint32_t used;
	uint64_t taken[HEAP_BITS];
	word64 marked[HEAP_BITS]; /* by markers; read and emptied by the sweeper */
	mutex lock;           /* guards watches */
	struct watch *watches;
	struct span *link;    /* of structs for spans; guarded by the heap's lock */
};

struct span_class {
	/* heap_set() says which of the two holds swept spans. */
	struct span_set partial[2], full[2];
};

struct heap_cache {
	struct span *span[HEAP_CLASSES]; /* NULL: none */
	uint64_t allocated;   /* objects, ever */
};

struct heap {
	word32 generation;    /* even; written with the world stopped */
	bool poison;          /* constant */
	char *base;           /* of the arena; constant */
	uint32_t pages;       /* of the arena; constant */
	struct span **of_page; /* NULL: free. Written under lock by who takes a page */
	struct span_class *class; /* constant */
	uint32_t classes;     /* at most HEAP_CLASSES; constant */
	struct span_memory memory;
	struct span_pool pool; /* of all sets' blocks */
	HOT word32 cursor;    /* no class below has unswept spans; only goes up */
	/* Pages. */
	HOT mutex lock;       /* guards the rest of this part */
	uint32_t committed;   /* pages with memory, from the first on */
	uint32_t lowest;      /* none below is free */
	uint32_t in_use;
	uint64_t *used, *dirty; /* bits by page */
	struct span *spare;   /* structs */
	struct span_structs *blocks; /* mapped ones, of structs */
	/* Figures, ever. */
	word64 freed;         /* objects */
	word64 spans, spans_freed;
	word64 swept;         /* spans, by anybody */
	word64 returned;      /* pages */
	word64 written;       /* free objects that somebody wrote to: early frees */
};

/* --- heap.c --- */

/* An empty heap of at most that many bytes. Objects of more than `small` bytes,
 * or than HEAP_SMALL, are large: each has a span of its own. pushers: threads
 * that may use it at once. Returns 0 or -ENOMEM. */
int heap_init(struct heap *h, size_t bytes, size_t small, uint32_t pushers, bool poison);
/* Gives all memory back. */
void heap_end(struct heap *h);
/* A zeroed object; NULL: the heap is full. The words of one with pointers are
 * looked at when it is marked. */
void *heap_alloc(struct heap *h, struct heap_cache *c, size_t bytes, bool pointers);
/* Gives a cache's spans back. The owner's, or with the world stopped. */
void heap_flush(struct heap *h, struct heap_cache *c);
/* From now on w->freed counts the frees of this object, which is in use. w
 * stays until then. */
void heap_watch(struct heap *h, void *object, struct watch *w);
/* The set of a class that holds swept or unswept spans. */
struct span_set *heap_set(struct heap *h, uint32_t class, bool full, bool swept);
/* The span of an address; NULL if there is none. */
struct span *heap_span_of(const struct heap *h, const void *p);

static inline uint32_t heap_generation(const struct heap *h)
{
	/* relaxed: changes only while the world is stopped */
	return load_relaxed(&h->generation);
}

/* --- sweep.c --- */

/* Tries to become the sweeper of an unswept span. */
bool sweep_begin(struct heap *h, struct span *s);
/* Frees what was not marked, and says that it is done. */
void sweep_span(struct heap *h, struct span *s);
/* Puts a swept span where it belongs: a set, or free pages. */
void sweep_put(struct heap *h, struct span *s);
/* Sweeps some unswept span. Returns false if there is none left to begin
 * with. */
bool sweep_one(struct heap *h);
/* Returns when this span is swept, by whomever. */
void sweep_ensure(struct heap *h, struct span *s);

/* --- pages.c --- */

int pages_init(struct heap *h, size_t bytes);
void pages_end(struct heap *h);
/* A span of so many pages; NULL: none left. Its objects are poisoned, or
 * zero. */
struct span *pages_take(struct heap *h, uint32_t pages);
void pages_free(struct heap *h, struct span *s);
/* Gives the memory of free pages back to the world. Returns how many. */
uint32_t pages_return(struct heap *h);

/* --- mark.c --- */

/* What markers share. */
struct marking {
	struct stack full, empty; /* struct work, by their node */
	mutex lock;           /* guards blocks */
	struct work_block *blocks; /* mapped ones, of struct work */
	HOT word32 busy;      /* markers that may still find something */
};

/* One who marks; any number at once, with the world stopped. */
struct marker {
	struct heap *h;
	struct marking *shared;
	struct work *work;    /* objects yet to be looked into; the marker's own */
};

void marking_init(struct marking *m);
void marking_end(struct marking *m);
/* Before any marker ends its work. */
void mark_begin(struct marker *m, struct marking *shared, struct heap *h);
/* Marks the object that p points into. Returns false if there is none. */
bool mark_object(struct marker *m, const void *p);
/* Marks all that marked objects point to, together with the others. Returns
 * when nobody has anything left. */
void mark_end(struct marker *m);
/* Makes all spans unswept ones. All were swept, no cache has any, and the world
 * is stopped. */
void mark_done(struct heap *h);

/* --- heap_audit.c --- */

struct heap_audit {
	uint64_t live;        /* objects taken */
	uint32_t spans;       /* that exist */
	uint32_t in_sets, cached;
	uint32_t lost;        /* in no set and no cache */
	uint32_t twice;       /* in more than one place */
	uint32_t misplaced;   /* full where there should be room, and so on */
	uint32_t pages;       /* of spans */
	uint32_t bad_free;    /* free objects without their poison */
};

/* Looks at a heap that nobody uses. */
struct heap_audit heap_audit(struct heap *h, struct heap_cache *const *caches, unsigned n);

#endif
