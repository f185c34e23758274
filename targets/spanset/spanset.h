/* A span set: items are pushed and popped concurrently without order, in blocks
 * that a lock-free pool recycles (Go 1.16 to 1.24, runtime/mspanset.go).
 *
 *   index   head 5 | tail 9                  blocks of 4 entries
 *   spine   [ nil | block | block | ... ]    a full and drained block leaves
 *                     its |       |              slot and goes to the pool . .
 *                     i i   i . . .
 *
 * Pushers take a slot by counting tail up, poppers one by counting head up; the
 * entry itself hands the item over. Blocks and spines are permanent memory:
 * whoever was late may still look at one.
 *
 * The hidden bound: a block must have at least as many entries as there are
 * concurrent pushers, or the fixed form breaks too.
 */
#ifndef SPANSET_SPANSET_H
#define SPANSET_SPANSET_H

#include "base/case.h"
#include "base/lock.h"
#include "spanset/stack.h"

/* What Go uses. Cases use less. */
enum { SPAN_ENTRIES = 512, SPAN_SPINE = 256 };

/* --- memory.c: memory that is never given back one by one --- */

struct span_memory {
	mutex lock;            /* guards the rest */
	char *next, *end;      /* of the region being handed out */
	struct span_region *regions; /* mapped ones, newest first */
	uint64_t mapped;       /* bytes asked of the world */
	uint64_t block_bytes, spine_bytes; /* bytes handed out */
	uint64_t blocks, spines;           /* handed out */
	/* NULL, or how each block is made as an object of its own, which is its
	 * owner's to end: for leak detectors. */
	void *(*birth)(size_t align, size_t bytes);
};

/* Begins with a region of the caller's (zeroed, 64-byte aligned; cases embed
 * one), or with none: bytes 0. */
void span_memory_init(struct span_memory *m, void *region, size_t bytes);
/* Gives mapped regions back to the world: nobody may use them any more. */
void span_memory_end(struct span_memory *m);

/* --- pool.c: blocks --- */

struct span_block {
	struct stack_node node; /* in the pool */
#ifdef BUG_BLOCK_USED
	HOT word32 used;   /* entries pushed and not yet popped */
#else
	/* Pops that are done, 0 .. entries: whoever makes it full frees the
	 * block. */
	HOT word32 popped;
#endif
	/* NIL -> item by the pusher of that slot; item -> NIL by its popper. In
	 * the pool: SPAN_POISON, if the pool poisons. */
	_Alignas(64) wordptr entry[];
};

/* No item's and no block's value. */
#define SPAN_POISON ((uintptr_t)0x5a5a5a5a5a5a5a5a)

struct span_pool {
	struct stack free;         /* blocks, by their node */
	HOT struct span_memory *memory;
	uint32_t entries;          /* per block: a power of two */
	bool poison;               /* entries of pooled blocks are watched */
	word32 allocated;          /* blocks, ever */
	word32 reused, freed;      /* taken from the pool, put into it, ever */
	word32 written;            /* found written to when taken out: early frees */
};

/* The smallest block that so many concurrent pushers may share. */
uint32_t span_entries_for(uint32_t pushers);
/* An empty pool of blocks with that many entries, a power of two. */
void span_pool_init(struct span_pool *p, struct span_memory *m, uint32_t entries, bool poison);
/* A block of empty entries. Never NULL. */
struct span_block *span_pool_get(struct span_pool *p);
/* Takes back a block that nobody uses, out of its slot of a spine. */
void span_pool_put(struct span_pool *p, wordptr *slot, struct span_block *b);

/* --- spanset.c --- */

struct span_set {
	/* head << 32 | tail, in one word, so that a popper sees both of one
	 * moment. tail + 1 by a pusher, head + 1 by a popper that saw head <
	 * tail; -> 0 by reset. */
	HOT word64 index;
	/* Read by all, written by whoever adds a block, under lock. A slot of
	 * the spine: NIL -> block, before spine_length says that it is there;
	 * block -> NIL (SPAN_POISON, if the pool poisons) by whoever frees it.
	 * Old spines are never freed. kept: a reader may meet a spine longer
	 * than the length it has read, which the check pop_vs_growth shows */
	_Alignas(64) wordptr spine; /* array of wordptr */
	word32 spine_length;        /* slots that were filled since the last reset */
	uint32_t shift;             /* constant: entries are 1 << shift */
	struct span_pool *pool;     /* constant */
	mutex lock;                 /* guards what follows, and writing the above */
	uint32_t spine_room;
};

/* An empty set. spine: slots at first, doubled as needed. */
void span_set_init(struct span_set *s, struct span_pool *p, uint32_t spine);
/* Adds an item, not NULL and not SPAN_POISON. */
void span_push(struct span_set *s, void *item);
/* The second half of a push, after its pusher has claimed the slot: for cases.
 */
void span_push_at(struct span_set *s, uint32_t cursor, void *item);
/* Takes some item out; NULL if there is none. Waits for a pusher that has
 * claimed the slot and not filled it yet. */
void *span_pop(struct span_set *s);
/* What world_fatal() is told when a push or a pop finds that the block of the
 * entry it claimed was freed; only pools that poison can tell. */
extern const char span_freed_early[];
/* The same, where the freed block's place in the spine is empty by now. */
extern const char span_no_block[];
/* Makes an empty set new: fatal if it is not empty. Nobody else may use it
 * meanwhile. */
void span_reset(struct span_set *s);

static inline uint32_t span_head(uint64_t index)
{
	return (uint32_t)(index >> 32);
}

static inline uint32_t span_tail(uint64_t index)
{
	return (uint32_t)index;
}

/* --- audit.c: where every block is --- */

struct span_audit {
	uint32_t allocated, pooled;
	uint32_t live;    /* in a spine, with items or room for them */
	uint32_t leaked;  /* allocated, and neither of these */
	uint32_t gone;    /* slots of claimed entries without a block */
	uint32_t written; /* pooled blocks that somebody wrote to, now or before */
	uint32_t twice;   /* pooled although live, or in the pool twice */
	uint64_t leaked_bytes;
};

/* Looks at a pool and all sets that use it, while nobody else does. */
struct span_audit span_audit(const struct span_pool *p, struct span_set *const *sets, unsigned n);
/* The blocks that the pool and the sets know, each once, while nobody else
 * looks. blocks: room for as many as were ever allocated. Returns how many. */
uint32_t span_known(const struct span_pool *p, struct span_set *const *sets, unsigned n,
		    struct span_block **blocks);
/* Bytes of a block with that many entries. */
size_t span_block_bytes(uint32_t entries);

/* Frees that came too early: a block gone from under its users, or pooled while
 * somebody still writes to it. */
static inline uint32_t span_early(const struct span_audit *a)
{
	return a->gone + a->written + a->twice;
}

#endif
