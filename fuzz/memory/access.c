#include "memory/access.h"

#include <string.h>

#include "memory/plain.h"
#include "memory/race.h"
#include "trace.h"
#include "world.h"

const struct memory_model *model = &sc_model;

/* --- global variables of the targets: every execution finds them as at the
 * start --- */

enum { MAX_UNDO = 1 << 16, RECENT = 1 << 10 };
static struct { uintptr_t address; uint64_t value; } undo[MAX_UNDO];
static unsigned undos;
/* Some of the places that `undo` has already, since it was last empty: what is
 * written once is written again and again. */
static struct { uintptr_t address; uint32_t since; } recent[RECENT];
static uint32_t emptied = 1;

static inline bool is_recent(uintptr_t word)
{
	unsigned i = word / 8 % RECENT;
	return recent[i].address == word && recent[i].since == emptied;
}

static __attribute__((noinline)) void remember_words(uintptr_t address, uintptr_t end)
{
	for (; address < end; address += 8) {
		unsigned i = address / 8 % RECENT;
		if (is_recent(address))
			continue;
		recent[i].address = address;
		recent[i].since = emptied;
		if (undos == MAX_UNDO)
			engine_error("more than %d writes to globals in one execution", MAX_UNDO);
		undo[undos].address = address;
		memcpy(&undo[undos++].value, (void *)address, 8);
	}
}

/* Of a block that holds globals each write is noted. */
void note_write_slow(uintptr_t address, size_t size)
{
	uintptr_t word = address & ~(uintptr_t)7, end = address + size;
	uintptr_t block = address & ~(uintptr_t)(WORLD_BLOCK - 1);
	if (size == 0 || (is_recent(word) && end <= word + 8))
		return;
	if (is_global(address)) {
		remember_words(word, end);
		return;
	}
	world_touched(address, size);
	if (block + WORLD_BLOCK <= (uintptr_t)&__data_start || block >= (uintptr_t)&_end)
		world_note(address);
}

void globals_keep(void)
{
	undos = 0;
	emptied++;
}

void globals_restore(void)
{
	while (undos > 0) {
		undos--;
		memcpy((void *)undo[undos].address, &undo[undos].value, 8);
	}
	emptied++;
}

/* --- atomic accesses --- */

/* The location of an access. Memory that does not hold its newest store has
 * been written unseen, and begins anew: clang (14, 19) hooks no plain write to
 * a local variable's field whose own address does not get about. */
static inline struct location *accessed(struct granule *g, uintptr_t address, unsigned size)
{
	struct location *l = location_of(g, address, size);
	if (__builtin_expect(l->newest.value == memory_get(address, size), 1))
		return l;
	location_restart(g, mask_of(address, size));
	return location_of(g, address, size);
}

static inline void after(struct thread *t)
{
	t->clock.at[t->id] += t->tick_due;
	t->tick_due = false;
}

/* --- accesses in an execution --- */

uint64_t access_load(uintptr_t address, unsigned size, enum order order, void *pc)
{
	if (!sim.on)
		return memory_get(address, size);
	sim_step(OP_LOAD, address, false, false, pc);
	struct thread *t = self();
	if (__builtin_expect(sim.bare, 0))
		return quick_load(t, address, size);
	struct granule *g = granule_of(address);
	struct location *l = accessed(g, address, size);
	uint64_t value = model->load(t, l, order);
	trace_access(OP_LOAD, address, size, value, 0, order, pc);
	race_check(g, mask_of(address, size), ATOMIC_READ, pc);
	sim_looked(t, address, value);
	return value;
}

void access_store(uintptr_t address, unsigned size, uint64_t value, enum order order, void *pc)
{
	if (!sim.on) {
		memory_put(address, size, value);
		return;
	}
	bool step = !model->holds_stores || order == SEQ_CST;
	if (step)
		sim_step(OP_STORE, address, true, model->holds_stores, pc);
	struct thread *t = self();
	past_add(t, value);
	if (__builtin_expect(sim.bare, 0)) {
		quick_store(t, address, size, value);
		return;
	}
	struct granule *g = granule_of(address);
	struct location *l = accessed(g, address, size);
	bool changed = step && memory_get(address, size) != value;
	model->store(t, l, value, order, pc);
	trace_access(OP_STORE, address, size, value, !step, order, pc);
	race_check(g, mask_of(address, size), ATOMIC_WRITE, pc);
	after(t);
	quick_stored(t, address, changed);
}

uint64_t access_rmw(uintptr_t address, unsigned size, const struct update *u,
		    enum order order, bool *stored, void *pc)
{
	uint64_t keep = size == 8 ? ~0ull : bit(8 * size) - 1, value;
	if (!sim.on) {
		uint64_t old = memory_get(address, size);
		value = update_value(u, old, stored);
		if (*stored)
			memory_put(address, size, value);
		return old;
	}
	sim_step(OP_RMW, address, true, model->holds_stores, pc);
	struct thread *t = self();
	if (__builtin_expect(sim.bare, 0))
		return quick_rmw(t, address, size, u, stored);
	struct granule *g = granule_of(address);
	struct location *l = accessed(g, address, size);
	uint64_t old = model->rmw(t, l, u, order, pc, stored, &value);
	value = *stored ? value & keep : old;
	past_add(t, *stored);
	l->newest.value &= keep;
	trace_access(OP_RMW, address, size, old, value, order, pc);
	race_check(g, mask_of(address, size), *stored ? ATOMIC_WRITE : ATOMIC_READ, pc);
	after(t);
	if (value != old)
		quick_stored(t, address, true);
	else
		sim_looked(t, address, old);
	return old;
}

void access_fence(enum order order, void *pc)
{
	if (!sim.on)
		return;
	/* Only a seq_cst fence can be told apart by other threads at this
	 * moment. */
	if (order == SEQ_CST && model->holds_stores)
		sim_step(OP_FENCE, KEY_NONE, false, true, pc);
	else if (order == SEQ_CST && model->orders_fences)
		sim_step(OP_FENCE, KEY_ALL, true, false, pc);
	trace_access(OP_FENCE, 0, 0, 0, 0, order, pc);
	model->fence(self(), order);
}

/* --- plain accesses --- */

/* Plain code of t looks at bytes that are also accessed atomically. What t
 * itself holds back must be in memory; a write begins the location anew. */
static void touch_atomic(struct thread *t, struct granule *g, unsigned bytes, bool write)
{
	if (sim.buffered & bit(t->id) && model->drain(t))
		sim.cuts++;
	if (write)
		location_restart(g, bytes);
}

void plain_atomic(struct granule *g, unsigned bytes, bool write, void *pc)
{
	race_check(g, bytes, write ? PLAIN_WRITE : PLAIN_READ, pc);
	touch_atomic(self(), g, bytes, write);
}

void plain_new(struct granule *near, uintptr_t address, unsigned size, bool write, void *pc)
{
	/* Apart, so that of one that begins the compiler knows what it
	 * holds. */
	if (__builtin_expect(near->stamp == sim_stamp, 0))
		plain_part(granule_far(address >> 3), address, size, write, pc);
	else
		plain_part(granule_begin(near, address >> 3), address, size, write, pc);
}

void plain_parts(uintptr_t address, size_t size, bool write, void *pc)
{
	if (write)
		note_write_slow(address, size);
	if (!sim.watched)
		return;
	while (size > 0) {
		unsigned part = 8 - (address & 7);
		if (part > size)
			part = size;
		trace_plain(address, part, write, pc);
		plain_part(granule_of(address), address, part, write, pc);
		address += part;
		size -= part;
	}
}

void access_plain(uintptr_t address, size_t size, bool write, void *pc)
{
	plain_access(address, size, write, pc);
}
