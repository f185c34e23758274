/* base/world.h and base/goroutine.h on the simulation: threads are fibers
 * (threads.c), the clock stands still until a time-out is chosen, parked
 * goroutines wait for ready(). Descriptors are in kernel/.
 *
 * System calls count as full fences: they wait for the caller's store buffer.
 */
#include "base/world.h"

#include <errno.h>
#include <string.h>

#include "base/goroutine.h"
#include "memory/model.h"
#include "region.h"
#include "search/search.h"
#include "sim.h"
#include "trace.h"
#include "world.h"

#define PC __builtin_return_address(0)
enum { PAGE = WORLD_PAGE, BLOCK = WORLD_BLOCK, ARENA = WORLD_ARENA };
enum { RELAXES = 64, REGIONS = 1024, GIVEN_BACK = 0xdb };

/* --- sleeping, and futex --- */

bool world_sleep(uintptr_t on, int64_t until)
{
	struct thread *t = self();
	t->sleep_on = on;
	t->queued = sim.queue++;
	t->timed_out = false;
	t->deadline = until;
	sim.hinted |= bit(t->id);
	past_add(t, until);
	if (until >= 0) {
		sim.timed |= bit(t->id);
		if (!sim_actors_done())
			sim.enabled |= bit(CLOCK);
	}
	sim_block(SLEEPING);
	return !t->timed_out;
}

int world_futex_wait(word32 *w, uint32_t expected, int64_t timeout_ns)
{
	if (!sim.on)
		engine_error("a futex wait outside of the actors");
	sim_step(OP_WAIT, (uintptr_t)w, true, true, PC);
	struct thread *t = self();
	/* relaxed: only one thread runs; memory holds the newest value */
	past_add(t, load_relaxed(w));
	if (load_relaxed(w) != expected) {
		trace_note("futex wait: value differs", t->id, (uintptr_t)w, PC);
		return 0;
	}
	trace_note("futex wait: sleeps", t->id, (uintptr_t)w, PC);
	int64_t until = timeout_ns < 0 ? -1 : sim.now + timeout_ns;
	return world_sleep((uintptr_t)w, until) ? 0 : -ETIMEDOUT;
}

static void end_sleep(struct thread *t)
{
	sim.timed &= ~bit(t->id);
	if (!sim.timed)
		sim.enabled &= ~bit(CLOCK);
	sim_unblock(t);
}

/* Of the sleepers on `on`, the one that came first. */
static struct thread *first_sleeper(uintptr_t on)
{
	struct thread *first = NULL;
	for (unsigned i = 0; i < sim.threads; i++) {
		struct thread *t = &sim.thread[i];
		if (t->state == SLEEPING && t->sleep_on == on &&
		    (!first || t->queued < first->queued))
			first = t;
	}
	return first;
}

int world_wake(uintptr_t on, int n)
{
	int woken = 0;
	struct thread *t;
	while (woken < n && (t = first_sleeper(on))) {
		clock_join(&t->clock, &self()->clock, sim.threads);
		model->joined(t, self());
		past_add(t, self()->past);
		end_sleep(t);
		woken++;
	}
	if (woken)
		tick(self());
	return woken;
}

int world_futex_wake(word32 *w, int n)
{
	if (!sim.on)
		return 0;
	sim_step(OP_WAKE, (uintptr_t)w, true, true, PC);
	int woken = world_wake((uintptr_t)w, n);
	trace_note(woken ? "futex wake: woke somebody" : "futex wake: nobody sleeps", sim.cur,
		   (uintptr_t)w, PC);
	return woken;
}

/* --- time and waiting --- */

int64_t world_now(void)
{
	if (sim.on)
		past_add(self(), sim.now);
	return sim.now;
}

void world_clock_step(void)
{
	int64_t next = INT64_MAX;
	for (uint64_t left = sim.timed; left; left &= left - 1) {
		int64_t deadline = sim.thread[__builtin_ctzll(left)].deadline;
		if (deadline < next)
			next = deadline;
	}
	if (next > sim.now)
		sim.now = next;
	for (uint64_t left = sim.timed; left; left &= left - 1) {
		struct thread *t = &sim.thread[__builtin_ctzll(left)];
		if (t->deadline > sim.now)
			continue;
		t->timed_out = true;
		past_add(t, sim.now);
		trace_note("time-out", t->id, t->sleep_on, NULL);
		end_sleep(t);
	}
}

/* The caller waits for somebody else: others come first. Plain loops around
 * this have no other operation, so after a while it is one. */
void world_relax(void)
{
	if (!sim.on)
		return;
	sim.soft |= bit(sim.cur);
	sim.hinted |= bit(sim.cur);
	self()->fresh = true;
	if (++self()->relaxes > RELAXES)
		sim_step(OP_YIELD, KEY_NONE, false, false, PC);
}

void world_relax_for(unsigned turns)
{
	(void)turns;
	world_relax();
}

void world_yield(void)
{
	world_relax();
}

void world_fatal(const char *message)
{
	if (!sim.on)
		engine_error("fatal in prepare or judge: %s", message);
	sim.fatal = message;
	trace_note(message, sim.cur, 0, PC);
	sim_stop(STOP_FATAL);
}

/* --- memory: a region that each execution uses from its start ---
 *
 * What is given back, or committed, must be what was mapped or reserved, and
 * the page beyond must be untouched, the rest of its last one zero: else the
 * execution ends as `fatal`. */

char *world_arena;
static size_t arena_reserved; /* from its end */
size_t world_mapped;
bool world_block_touched[ARENA / BLOCK];
static uint32_t touched_block[ARENA / BLOCK], touched;
uintptr_t world_noted[WORLD_NOTED];
uint8_t world_page_gone[ARENA / PAGE];
static uint32_t gone_page[ARENA / PAGE], gone;
/* What is mapped or reserved, in the order in which it came. */
static struct region {
	char *at;
	size_t bytes;
	bool reserved;
} regions[REGIONS];
static unsigned regions_used;

void world_touched_slow(uintptr_t at, size_t bytes)
{
	for (uint32_t block = at / BLOCK; block <= (at + bytes - 1) / BLOCK; block++) {
		if (!world_block_touched[block])
			touched_block[touched++] = block;
		world_block_touched[block] = true;
	}
}

void world_note(uintptr_t address)
{
	uintptr_t at = address - (uintptr_t)world_arena, block = address / BLOCK;
	bool later = at < ARENA && at >= world_mapped && at < ARENA - arena_reserved;
	if (!later)
		world_noted[block % WORLD_NOTED] = block;
}

void world_begin(void)
{
	if (arena_reserved > 0)
		memset(world_noted, 0, sizeof world_noted);
	for (; touched > 0; touched--) {
		uint32_t block = touched_block[touched - 1];
		world_noted[((uintptr_t)world_arena / BLOCK + block) % WORLD_NOTED] = 0;
		memset(world_arena + (size_t)block * BLOCK, 0, BLOCK);
		world_block_touched[block] = false;
	}
	while (gone > 0)
		world_page_gone[gone_page[--gone]] = 0;
	world_mapped = arena_reserved = 0;
	regions_used = 0;
	world_refuse(0);
	calls_begin();
}

unsigned world_regions(void)
{
	return regions_used;
}

static void *add_region(char *at, size_t bytes, bool reserved)
{
	if (regions_used == REGIONS)
		engine_error("one execution has more than %d regions at once", REGIONS);
	regions[regions_used++] = (struct region){ at, bytes, reserved };
	if (sim.on)
		past_add(self(), (uintptr_t)at);
	return at;
}

/* The region in which those bytes lie. */
static struct region *region_of(const void *at, size_t bytes)
{
	const char *from = at;
	for (struct region *r = regions + regions_used; r-- > regions;)
		if (from >= r->at && from < r->at + r->bytes)
			return bytes <= (size_t)(r->at + r->bytes - from) ? r : NULL;
	return NULL;
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* Whoever touches these pages from now on, while races are looked for, is
 * found; or they may be used again. */
static void pages_leave(const char *at, size_t bytes)
{
	sim.gone = true;
	for (size_t page = (size_t)(at - world_arena) / PAGE; bytes > 0; page++, bytes -= PAGE) {
		if (world_page_gone[page] == 0)
			gone_page[gone++] = page;
		world_page_gone[page] = PAGE_GONE;
	}
}

static void pages_return(const char *at, size_t bytes)
{
	for (size_t page = (size_t)(at - world_arena) / PAGE; bytes > 0; page++, bytes -= PAGE)
		if (world_page_gone[page] == PAGE_GONE)
			world_page_gone[page] = PAGE_BACK;
}

/* Whether that page was written to. */
static inline bool is_touched(const char *page)
{
	uint64_t blocks;
	_Static_assert(PAGE / BLOCK == sizeof blocks, "");
	memcpy(&blocks, &world_block_touched[(size_t)(page - world_arena) / BLOCK], sizeof blocks);
	return blocks != 0;
}

/* Forgets a region that is given back. */
static struct region drop_region(void *at, size_t bytes)
{
	struct region *r = region_of(at, bytes), was;
	if (!r || r->at != at || r->bytes != whole_pages(bytes))
		world_fatal("memory was given back that was not mapped so");
	const char *end = r->at + r->bytes;
	if (!r->reserved && (is_touched(end) || !region_is_zero(r->at + bytes, end)))
		world_fatal("what lies beyond a region was touched");
	was = *r;
	/* Of a window those that are in use are given back before it. */
	if (!was.reserved)
		pages_leave(was.at, was.bytes);
	memmove(r, r + 1, (size_t)(regions + --regions_used - r) * sizeof *r);
	return was;
}

static void must_be_reserved(const void *at, size_t bytes)
{
	const struct region *r = region_of(at, bytes);
	if (!r || !r->reserved || (uintptr_t)at % PAGE || bytes == 0 || bytes % PAGE)
		world_fatal("memory was to change that was not reserved so");
}

static void open_arena(void)
{
	if (!world_arena)
		world_arena = region_map(REGION_ARENA, ARENA);
	if (!world_arena)
		engine_error("no memory for the simulated world");
}

void *world_map(size_t bytes)
{
	open_arena();
	bytes = whole_pages(bytes);
	if (bytes + PAGE > ARENA - world_mapped - arena_reserved)
		engine_error("one execution maps more than %d MiB", ARENA >> 20);
	void *at = world_arena + world_mapped;
	world_mapped += bytes + PAGE; /* one that nobody may touch */
	return add_region(at, bytes, false);
}

/* Given back, it is not given out again in this execution, and what was written
 * there is gone. */
void world_unmap(void *region, size_t bytes)
{
	struct region was = drop_region(region, bytes);
	for (size_t at = 0; !was.reserved && at < was.bytes; at += PAGE) {
		char *page = was.at + at;
		for (char *block = page; block < page + PAGE && is_touched(page); block += BLOCK)
			if (world_block_touched[(size_t)(block - world_arena) / BLOCK])
				memset(block, GIVEN_BACK, BLOCK);
	}
}

size_t world_page(void)
{
	return PAGE;
}

/* From the arena's other end: what is reserved is zeroed where it is committed,
 * so that large windows cost an execution nothing. */
void *world_reserve(size_t bytes)
{
	open_arena();
	bytes = whole_pages(bytes);
	if (world_refuses())
		return NULL;
	if (bytes > ARENA - world_mapped - arena_reserved)
		engine_error("one execution reserves more than %d MiB", ARENA >> 20);
	arena_reserved += bytes;
	return add_region(world_arena + ARENA - arena_reserved, bytes, true);
}

int world_commit(void *at, size_t bytes)
{
	must_be_reserved(at, bytes);
	if (world_refuses())
		return -ENOMEM;
	pages_return(at, bytes);
	memset(at, 0, bytes);
	return 0;
}

void world_decommit(void *at, size_t bytes)
{
	must_be_reserved(at, bytes);
	pages_leave(at, bytes);
	memset(at, GIVEN_BACK, bytes);
}

void world_discard(void *at, size_t bytes)
{
	must_be_reserved(at, bytes);
	memset(at, 0, bytes);
}

int world_move(void *from, void *to, size_t bytes)
{
	must_be_reserved(to, bytes);
	if (world_refuses())
		return -ENOMEM;
	pages_return(to, bytes);
	memcpy(to, from, bytes);
	drop_region(from, bytes);
	return 0;
}

/* A fiber's stack is large, and what it does not explain ends the run. */
void world_small_stacks(const char *(*explain)(const void *address))
{
	(void)explain;
}
