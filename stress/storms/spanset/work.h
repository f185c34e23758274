/* Threads that push and pop for a while, and then an audit: every item came out
 * exactly once, and every block is in the pool or in a spine.
 *
 * No lock and no barrier stands around the set. Producers stamp their items,
 * poppers log what they get, and the logs are compared when all have gone.
 */
#ifndef STORMS_SPANSET_WORK_H
#define STORMS_SPANSET_WORK_H

#include <setjmp.h>

#include "spanset/spanset.h"
#include "storms/storm.h"

enum { WORKERS = 32, LONGEST_LOG = 1 << 17, MOST_ITEMS = 4096 };

/* What a worker does, `quota` times. */
enum role {
	PRODUCE, /* pushes, while less than MOST_ITEMS are in the set */
	CONSUME, /* pops until all who push have gone and the set is empty */
	BOTH,    /* pushes one and pops one */
	MOVE     /* as CONSUME, and pushes what it pops to the second set */
};

struct worker {
	/* Written by the worker, read by the watch: what it has done, and how
	 * often it looked in vain. */
	_Alignas(128) word64 moved;
	word64 waits;
	word32 gone; /* 1: it has left */
	_Alignas(128) struct work *work;
	enum role role;
	unsigned id;
	uint32_t quota;
	uint32_t pushed;
	bool stuck;         /* left its last operation by the back door, */
	const char *threw;  /* or by the target's fatal */
	uint32_t missed;    /* of BOTH: pops that found nothing */
	uint32_t logged;
	uintptr_t *log;     /* of items popped */
	jmp_buf escape;
	world_thread thread;
};

/* What an episode came to. */
struct finds {
	uint64_t pushed, popped;
	uint64_t lost, twice, foreign; /* items */
	uint64_t stuck, early;         /* workers; frees */
	uint64_t threw;                /* workers, for another reason than early */
	const char *message;           /* of the last that threw */
};

struct work {
	struct span_memory memory;
	struct span_pool pool;
	struct span_set set[2];
	uint32_t entries;
	/* Sits a worker down on its processor; may be NULL. */
	void (*sit)(unsigned thread);
	unsigned workers;
	word32 pushing; /* workers that may push yet */
	word32 broken;  /* 1: somebody threw or is stuck; all leave */
	struct worker worker[WORKERS];
	struct worker drain; /* the caller's own, after all have gone */
	struct finds finds;
	uint32_t leaked, early; /* seen by audits so far */
	uint32_t allowed;       /* blocks that items and threads can need */
	uint32_t excess;        /* above that, seen so far */
};

/* Makes an empty pool and two sets of blocks with that many entries. */
void work_begin(struct work *w, uint32_t entries);
/* Gives the memory back; what blocks nobody knows, a leak detector tells. */
void work_end(struct work *w);
/* Adds a worker to the next episode. */
void work_hire(struct work *w, enum role role, uint32_t quota);
/* Runs those hired until all have gone, drains the sets, and compares. Returns
 * false if the sets are beyond use: begin anew. watch: called every millisecond
 * or so, may be NULL. */
bool work_run(struct work *w, void (*watch)(struct work *w));
/* Resets both sets. False if that threw. */
bool work_reset(struct work *w);

#endif
