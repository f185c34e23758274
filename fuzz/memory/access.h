/* Accesses of the code under test, as the hooks hand them over: scheduling,
 * model, race detection, trace. While no execution runs (prepare, judge) they
 * act on memory at once.
 *
 * pc is the return address of the hook: the access stands just before it.
 */
#ifndef FUZZ_MEMORY_ACCESS_H
#define FUZZ_MEMORY_ACCESS_H

#include "memory/model.h"
#include "world.h"

/* Before what writes, note_write() is the caller's. */
uint64_t access_load(uintptr_t address, unsigned size, enum order order, void *pc);
void access_store(uintptr_t address, unsigned size, uint64_t value, enum order order, void *pc);
/* Returns the value found; *stored says whether it was replaced. */
uint64_t access_rmw(uintptr_t address, unsigned size, const struct update *u,
		    enum order order, bool *stored, void *pc);
void access_fence(enum order order, void *pc);
/* A plain access of any size and alignment. The access itself is the
 * caller's. */
void access_plain(uintptr_t address, size_t size, bool write, void *pc);
/* What the targets' global variables hold now is what every execution begins
 * with. */
void globals_keep(void);
/* Puts them back to that. */
void globals_restore(void);

/* From the linker: initialised and zeroed data of this program. */
extern char __data_start, _end;

static inline bool is_global(uintptr_t address)
{
	return address - (uintptr_t)&__data_start <
	       (uintptr_t)&_end - (uintptr_t)&__data_start;
}

/* The next execution is to find these bytes, which are about to be written, as
 * this one did. */
void note_write_slow(uintptr_t address, size_t size);

/* The same, where they lie within a block. */
static inline __attribute__((always_inline)) void note_write(uintptr_t address, size_t size)
{
	if (__builtin_expect(!world_is_noted(address), 0))
		note_write_slow(address, size);
}

/* Likewise of up to a block, wherever. */
static inline void note_unaligned(uintptr_t address, size_t size)
{
	if (__builtin_expect(!world_is_noted(address) || !world_is_noted(address + size - 1), 0))
		note_write_slow(address, size);
}

/* --- accesses of memory as it is: outside of an execution, and in bare ones;
 * there the commonest, by a thread that goes ahead, cost a few instructions
 * --- */

/* t has stored: it does not loop, and perhaps those who wait need not
 * either. */
static inline void quick_stored(struct thread *t, uintptr_t address, bool changed)
{
	t->spin_count = t->quiet = 0;
	if (changed)
		sim_changed(t->id, address);
}

/* Whether it does: then the access is one of these, of thread t. */
static inline bool quick_ahead(struct thread *t)
{
	return sim.bare && sim_goes_ahead(t);
}

static inline uint64_t quick_load(struct thread *t, uintptr_t address, unsigned size)
{
	uint64_t newest = memory_get(address, size);
	sim_looked(t, address, newest);
	return newest;
}

static inline void quick_store(struct thread *t, uintptr_t address, unsigned size,
			       uint64_t value)
{
	bool changed = memory_get(address, size) != value;
	memory_put(address, size, value);
	quick_stored(t, address, changed);
}

static inline __attribute__((always_inline)) uint64_t
quick_rmw(struct thread *t, uintptr_t address, unsigned size, const struct update *u, bool *stored)
{
	uint64_t keep = size == 8 ? ~0ull : bit(8 * size) - 1;
	uint64_t old = memory_get(address, size), value = update_value(u, old, stored) & keep;
	if (*stored)
		memory_put(address, size, value);
	if (*stored && value != old)
		quick_stored(t, address, true);
	else
		sim_looked(t, address, old);
	return old;
}

#endif
