/* Sequential consistency: interleavings only. Every load reads the newest
 * store, every store is the newest at once.
 */
#include "memory/newest.h"

static void begin(void)
{
}

static void start(struct thread *t)
{
	(void)t;
}

static void joined(struct thread *t, struct thread *ended)
{
	(void)t;
	(void)ended;
}

const struct memory_model sc_model = {
	.name = "sc",
	.begin = begin,
	.start = start,
	.joined = joined,
	.load = newest_load,
	.store = newest_store,
	.rmw = newest_rmw,
	.fence = fence_clocks,
};
