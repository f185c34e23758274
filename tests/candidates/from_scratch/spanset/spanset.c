// A bag of spans: any number of threads put, any number take, in no order.
//
// Ticket numbers are drawn from one 64-bit counter pair; ticket T lives in cell
// T % N of chunk T / N. A cell is a mailbox: full or empty. A chunk whose N
// cells have all been emptied is given back by whoever emptied the last one.
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/world.h"
#include "spanset/memory.h"

const char span_freed_early[] = "bag: the chunk of this ticket was freed";
const char span_no_block[] = "bag: no block where a ticket was drawn";

typedef struct span_set Bag;
typedef struct span_block Chunk;
typedef _Atomic(uintptr_t) Cell;

#define PUTS(c) ((uint32_t)(c))
#define TAKES(c) ((uint32_t)((c) >> 32))
#define ONE_TAKE (UINT64_C(1) << 32)

static inline uint32_t chunkOf(const Bag *bag, uint32_t ticket)
{
	return ticket >> bag->shift;
}

static inline uint32_t cellsPerChunk(const Bag *bag)
{
	return UINT32_C(1) << bag->shift;
}

static inline Cell *directory(Bag *bag)
{
	return (Cell *)atomic_load(&bag->spine.v);
}

static Chunk *chunkAt(Cell *entry)
{
	uintptr_t raw = atomic_load(entry);
	if (raw == 0)
		world_fatal(span_no_block);
	if (raw == SPAN_POISON)
		world_fatal(span_freed_early);
	return (Chunk *)raw;
}

void span_set_init(Bag *bag, struct span_pool *pool, uint32_t room)
{
	memset(bag, 0, sizeof *bag);
	bag->pool = pool;
	bag->spine_room = room;
	while ((UINT32_C(1) << bag->shift) < pool->entries)
		bag->shift++;
	mutex_init(&bag->lock);
	atomic_init(&bag->index.v, 0);
	atomic_init(&bag->spine_length.v, 0);
	atomic_init(&bag->spine.v, (uintptr_t)span_memory_spine(pool->memory, room));
}

// Twice the room. Readers of the old directory find everything they may ask for
// in it, so it stays.
static void moreRoom(Bag *bag)
{
	Cell *now = directory(bag);
	Cell *next = (Cell *)span_memory_spine(bag->pool->memory, bag->spine_room * 2);
	for (uint32_t i = 0; i < bag->spine_room; i++)
		atomic_init(&next[i], atomic_load(&now[i]));
	bag->spine_room *= 2;
	atomic_store(&bag->spine.v, (uintptr_t)next);
}

// Chunks are hung up in order, one at a time, until that of the ticket hangs.
static void hangUpTo(Bag *bag, uint32_t wanted)
{
	mutex_lock(&bag->lock);
	uint32_t hung = atomic_load(&bag->spine_length.v);
	if (hung <= wanted) {
		if (hung == bag->spine_room)
			moreRoom(bag);
		if (wanted >= bag->spine_room)
			world_fatal("bag: more pushers at once than a chunk has cells");
		atomic_store(&directory(bag)[wanted], (uintptr_t)span_pool_get(bag->pool));
		atomic_store(&bag->spine_length.v, hung + 1);
	}
	mutex_unlock(&bag->lock);
}

void span_push_at(Bag *bag, uint32_t ticket, void *what)
{
	while (atomic_load(&bag->spine_length.v) <= chunkOf(bag, ticket))
		hangUpTo(bag, chunkOf(bag, ticket));
	Chunk *chunk = chunkAt(&directory(bag)[chunkOf(bag, ticket)]);
	atomic_store(&chunk->entry[ticket % cellsPerChunk(bag)].v, (uintptr_t)what);
}

void span_push(Bag *bag, void *what)
{
	if (what == NULL || (uintptr_t)what == SPAN_POISON)
		world_fatal("bag: that is what is no item");
	uint32_t ticket = PUTS(atomic_fetch_add(&bag->index.v, 1));
	if (ticket == UINT32_MAX)
		world_fatal("bag: too many pushes until it is reset");
	span_push_at(bag, ticket, what);
}

// A ticket to take, if a put has drawn its counterpart and its chunk hangs.
static bool drawTake(Bag *bag, uint32_t *ticket)
{
	uint64_t both = atomic_load(&bag->index.v);
	for (;;) {
		*ticket = TAKES(both);
		if (*ticket >= PUTS(both) ||
		    chunkOf(bag, *ticket) >= atomic_load(&bag->spine_length.v))
			return false;
		if (atomic_compare_exchange_weak(&bag->index.v, &both, both + ONE_TAKE))
			return true;
	}
}

void *span_pop(Bag *bag)
{
	uint32_t ticket;
	if (!drawTake(bag, &ticket))
		return NULL;
	Cell *hook = &directory(bag)[chunkOf(bag, ticket)];
	Chunk *chunk = chunkAt(hook);
	Cell *cell = &chunk->entry[ticket % cellsPerChunk(bag)].v;
	uintptr_t what;
	for (unsigned looks = 1; (what = atomic_load(cell)) == 0; looks++) {
		if (looks % 32 == 0)
			world_yield();
		else
			world_relax();
	}
	atomic_store(cell, 0);
	if (atomic_fetch_add(&chunk->popped.v, 1) == cellsPerChunk(bag) - 1)
		span_pool_put(bag->pool, (wordptr *)hook, chunk);
	return (void *)what;
}

void span_reset(Bag *bag)
{
	uint64_t both = atomic_load(&bag->index.v);
	if (TAKES(both) < PUTS(both))
		world_fatal("bag: reset with items in it");
	if (chunkOf(bag, TAKES(both)) < atomic_load(&bag->spine_length.v)) {
		Cell *hook = &directory(bag)[chunkOf(bag, TAKES(both))];
		Chunk *chunk = (Chunk *)atomic_load(hook);
		if (chunk && (uintptr_t)chunk != SPAN_POISON) {
			uint32_t taken = atomic_load(&chunk->popped.v);
			if (taken == 0)
				world_fatal("bag: reset of a chunk: nothing was popped");
			if (taken == cellsPerChunk(bag))
				world_fatal("bag: reset of an empty chunk that was not freed");
			span_pool_put(bag->pool, (wordptr *)hook, chunk);
		}
	}
	atomic_store(&bag->index.v, 0);
	atomic_store(&bag->spine_length.v, 0);
}
