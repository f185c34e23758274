/* Blocks from memory that somebody else gives, in which there was something;
 * and pools that poison what they keep, or do not. */
#include <string.h>

#include "checks/must.h"
#include "spanset/memory.h"

enum { ENTRIES = 4, BLOCKS = 3, BYTES = 256, DIRT = 0xa5, LINE = 64 };

static struct born {
	_Alignas(LINE) char at[BLOCKS][BYTES];
	unsigned used;
} born;

static void *give(size_t align, size_t bytes)
{
	must(align == LINE && bytes == span_block_bytes(ENTRIES) && bytes <= BYTES &&
		     born.used < BLOCKS, "more memory than a block takes");
	return memset(born.at[born.used++], DIRT, bytes);
}

/* relaxed, all: nobody else is there */
static void must_hold(const struct span_block *b, uintptr_t entry)
{
	for (int i = 0; i < ENTRIES; i++)
		/* relaxed: as above */
		must(load_relaxed((wordptr *)&b->entry[i]) == entry, "an entry holds something");
}

static void use(bool own, bool poison)
{
	struct span_memory memory;
	struct span_pool pool;
	wordptr slot[2];
	memset(&memory, DIRT, sizeof memory);
	memset(&pool, DIRT, sizeof pool);
	born.used = 0;
	span_memory_init(&memory, NULL, 0);
	if (own)
		memory.birth = give;
	span_pool_init(&pool, &memory, ENTRIES, poison);
	must(pool.poison == poison && pool.entries == ENTRIES, "another pool");
	struct span_block *b[2] = { span_pool_get(&pool), span_pool_get(&pool) };
	must(b[0] != b[1] && born.used == (own ? 2 : 0), "blocks come from elsewhere");
	must(memory.blocks == 2 && memory.block_bytes == 2 * span_block_bytes(ENTRIES),
	     "memory does not add up");
	for (int i = 0; i < 2; i++) {
		must_hold(b[i], 0);
		/* relaxed: as above */
		must(load_relaxed(&b[i]->popped) == 0, "a new block has a past");
		word_init(&b[i]->popped, ENTRIES);
		word_init(&slot[i], (uintptr_t)b[i]);
		span_pool_put(&pool, &slot[i], b[i]);
		must_hold(b[i], poison ? SPAN_POISON : 0);
		/* relaxed: as above */
		must(load_relaxed(&slot[i]) == (poison ? SPAN_POISON : 0), "a slot holds a block");
	}
	struct span_block *again = span_pool_get(&pool);
	must(again == b[1], "another block than the last");
	must_hold(again, 0);
	/* relaxed: as above */
	must(load_relaxed(&again->popped) == 0 && load_relaxed(&pool.written) == 0,
	     "a block has a past");
	/* Somebody writes to one that is kept: that is told where it can be. */
	word_init(&b[0]->entry[ENTRIES - 1], DIRT);
	must(span_pool_get(&pool) == b[0], "another block than the last");
	/* relaxed: as above */
	must(load_relaxed(&pool.written) == poison, "a late write was not told");
	if (poison)
		must_hold(b[0], 0);
	span_memory_end(&memory);
}

static void user(void *state, struct slot *me)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		use(i & 1, i & 2);
	came_through(me);
}

CASE(births,
     .purpose = "blocks from memory that held something, poisoned or not",
     .whole = true,
     .state_size = sizeof(long),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
