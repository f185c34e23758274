/* Sequential consistency: interleavings only. Every load reads the newest
 * store, every store is the newest at once.
 */
#include "memory/model.h"
#include "trace.h"

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

static uint64_t load(struct thread *t, struct location *l, enum order order)
{
	learn(t, &l->newest, order);
	trace_read(t, l, &l->newest, NULL);
	return memory_get(l->address, l->size);
}

static void put(struct thread *t, struct location *l, uint64_t value, void *pc)
{
	memory_put(l->address, l->size, value);
	l->newest.value = value;
	l->newest.thread = t->id;
	l->newest.pc = pc;
	l->newest.event = trace_number();
}

static void store(struct thread *t, struct location *l, uint64_t value, enum order order,
		  void *pc)
{
	publish(t, &l->newest, order, NULL);
	put(t, l, value, pc);
}

static uint64_t rmw(struct thread *t, struct location *l, const struct update *u,
		    enum order order, void *pc, bool *stored, uint64_t *value)
{
	uint64_t old = memory_get(l->address, l->size);
	*value = update_value(u, old, stored);
	learn(t, &l->newest, *stored ? order : u->fail);
	trace_read(t, l, &l->newest, NULL);
	if (*stored) {
		publish(t, &l->newest, order, &l->newest);
		put(t, l, *value, pc);
	}
	return old;
}

static void flush(struct thread *t)
{
	(void)t;
}

static bool drain(struct thread *t)
{
	(void)t;
	return false;
}

static bool stale(const struct thread *t)
{
	(void)t;
	return false;
}

static bool store_is_step(enum order order)
{
	(void)order;
	return true;
}

const struct memory_model sc_model = {
	.name = "sc",
	.begin = begin,
	.start = start,
	.joined = joined,
	.load = load,
	.store = store,
	.rmw = rmw,
	.fence = fence_clocks,
	.flush = flush,
	.drain = drain,
	.stale = stale,
	.store_is_step = store_is_step,
};
