/* Accesses of memory itself, which holds the newest store: all of sc, and of
 * tso what does not stay in a store buffer.
 */
#ifndef FUZZ_MEMORY_NEWEST_H
#define FUZZ_MEMORY_NEWEST_H

#include "memory/model.h"
#include "trace.h"

static inline uint64_t newest_load(struct thread *t, struct location *l, enum order order)
{
	learn(t, &l->newest, order);
	trace_read(t, l, &l->newest, NULL);
	return memory_get(l->address, l->size);
}

static inline void newest_put(struct thread *t, struct location *l, uint64_t value, void *pc)
{
	memory_put(l->address, l->size, value);
	l->newest.value = value;
	l->newest.thread = t->id;
	l->newest.pc = pc;
	l->newest.event = trace_number();
	l->newest.past = t->past;
}

static inline void newest_store(struct thread *t, struct location *l, uint64_t value,
				enum order order, void *pc)
{
	publish(t, &l->newest, order, NULL);
	newest_put(t, l, value, pc);
}

static inline uint64_t newest_rmw(struct thread *t, struct location *l, const struct update *u,
				  enum order order, void *pc, bool *stored, uint64_t *value)
{
	uint64_t old = memory_get(l->address, l->size);
	*value = update_value(u, old, stored);
	learn(t, &l->newest, *stored ? order : u->fail);
	trace_read(t, l, &l->newest, NULL);
	if (*stored) {
		publish(t, &l->newest, order, &l->newest);
		newest_put(t, l, *value, pc);
	}
	return old;
}

#endif
