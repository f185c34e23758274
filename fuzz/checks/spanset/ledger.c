/* A pool and its sets against a ledger: what each call says, which blocks are
 * where, and every figure, after each step. */
#include <string.h>

#include "checks/must.h"
#include "spanset/memory.h"
#include "world.h"

enum { ENTRIES = 8, SPINE = 1, MOST = 80, LINE = 64, STEPS = 600,
       SETS = 2, DIRT = 0xa5, LARGE = 4096 };

struct state {
	struct span_memory memory;
	struct span_pool pool;
	struct span_set set[SETS];
	long item[MOST];
	/* The ledger: what a set holds, in order; pushes and pops since its
	 * reset. */
	const long *held[SETS][MOST];
	unsigned pushed[SETS], popped[SETS];
	unsigned blocks, reused, freed;
};

static uint32_t figure(const word32 *w)
{
	return load_relaxed((word32 *)w); /* relaxed: nobody else is there */
}

/* Blocks in use by a set: those with entries yet to be popped. */
static unsigned in_use(const struct state *s, unsigned i)
{
	return (s->pushed[i] + ENTRIES - 1) / ENTRIES - s->popped[i] / ENTRIES;
}

static void compare(struct state *s)
{
	struct span_set *sets[SETS] = { &s->set[0], &s->set[1] };
	struct span_audit a = span_audit(&s->pool, sets, SETS);
	unsigned live = 0;
	for (unsigned i = 0; i < SETS; i++) {
		uint64_t index = load_relaxed(&s->set[i].index); /* relaxed: as above */
		must(span_head(index) == s->popped[i] && span_tail(index) == s->pushed[i],
		     "a set has another index");
		must(figure(&s->set[i].spine_length) == (s->pushed[i] + ENTRIES - 1) / ENTRIES,
		     "a spine has another length");
		must(s->set[i].spine_room >= figure(&s->set[i].spine_length),
		     "a spine is longer than its room");
		live += in_use(s, i);
	}
	must(!a.leaked && !a.gone && !a.twice && !a.written, "blocks are not where they belong");
	must(a.live == live && a.allocated == s->blocks && a.pooled == s->blocks - live,
	     "blocks do not add up");
	must(figure(&s->pool.reused) == s->reused && figure(&s->pool.freed) == s->freed,
	     "uses of blocks do not add up");
	must(s->memory.blocks == s->blocks &&
		     s->memory.block_bytes == s->blocks * span_block_bytes(ENTRIES),
	     "memory of blocks does not add up");
}

/* A block comes from the pool where there is one. */
static void expect_block(struct state *s)
{
	if (s->freed > s->reused)
		s->reused++;
	else
		s->blocks++;
}

static void push(struct state *s, unsigned i)
{
	if (s->pushed[i] % ENTRIES == 0)
		expect_block(s);
	s->held[i][s->pushed[i]] = &s->item[s->pushed[i]];
	span_push(&s->set[i], &s->item[s->pushed[i]++]);
}

static void pop(struct state *s, unsigned i)
{
	long *item = span_pop(&s->set[i]);
	if (s->popped[i] == s->pushed[i]) {
		must(!item, "an empty set has something");
		return;
	}
	must(item == s->held[i][s->popped[i]++], "another item, or none");
	s->freed += s->popped[i] % ENTRIES == 0;
}

static void reset(struct state *s, unsigned i)
{
	while (s->popped[i] < s->pushed[i])
		pop(s, i);
	s->freed += s->popped[i] % ENTRIES != 0;
	span_reset(&s->set[i]);
	s->pushed[i] = s->popped[i] = 0;
}

static void memory(struct state *s)
{
	struct span_memory *m = &s->memory;
	uint64_t spines = m->spines, bytes = m->spine_bytes;
	wordptr *small = span_memory_spine(m, 1), *large = span_memory_spine(m, LINE);
	must((uintptr_t)small % LINE == 0 && (uintptr_t)large % LINE == 0, "a spine shares a line");
	must((char *)large - (char *)small == LINE, "a spine takes more than it needs");
	must(m->spines == spines + 2 && m->spine_bytes == bytes + LINE + LINE * sizeof *large,
	     "spines do not add up");
	must(span_entries_for(1) == 1 && span_entries_for(2) == 2 && span_entries_for(3) == 4 &&
		     span_entries_for(4) == 4 && span_entries_for(5) == 8, "too small a block");
}

/* Regions come as they are needed, and all go. */
static void end(struct state *s)
{
	struct span_memory *m = &s->memory;
	uint64_t mapped = m->mapped;
	for (int times = 0; times < 2; times++, mapped = m->mapped)
		while (m->mapped == mapped)
			span_memory_spine(m, LARGE);
	must(world_regions() >= 2, "there is one region for everything");
	span_memory_end(m);
	must(world_regions() == 0, "memory was not given back");
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t random = 1;
	memset(&s->memory, DIRT, sizeof s->memory);
	memset(&s->pool, DIRT, sizeof s->pool);
	memset(s->set, DIRT, sizeof s->set);
	span_memory_init(&s->memory, NULL, 0);
	span_pool_init(&s->pool, &s->memory, ENTRIES, true);
	for (unsigned i = 0; i < SETS; i++)
		span_set_init(&s->set[i], &s->pool, SPINE);
	compare(s);
	for (int step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		unsigned i = random >> 16 & 1, which = random >> 17 & 15;
		if (s->pushed[i] == MOST || which == 0)
			reset(s, i);
		else if (which < 10)
			push(s, i);
		else
			pop(s, i);
		compare(s);
	}
	memory(s);
	end(s);
	came_through(me);
}

CASE(ledger,
     .purpose = "a pool and its sets against a ledger",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
