/* What the span set's benchmark measures. */
#ifndef BENCH_SPANSET_BENCH_H
#define BENCH_SPANSET_BENCH_H

#include "base/world.h"

struct peer {
	const char *name;
	void (*begin)(void);    /* empty; NULL ends the list */
	void (*put)(void *node);
	void *(*take)(void);    /* NULL: there is none */
	void *(*take_alone)(void); /* by the only consumer */
	bool spins; /* for others without yielding: not for more threads than cores */
};

/* What items point to: room for a peer's links. */
struct bench_node {
	_Alignas(32) uint64_t link[4];
};

#endif
