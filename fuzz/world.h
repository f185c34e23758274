/* The simulated world's own parts, besides base/world.h and base/goroutine.h,
 * which it implements.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The runtime of cases (goroutine.c). */
extern const struct runtime simulated_runtime;

/* Begins an execution: nothing mapped. */
void world_begin(void);

/* What the code under test has mapped: so many bytes from the arena's start. */
extern char *world_arena;
extern size_t world_mapped;
enum { WORLD_PAGE = 4096, WORLD_ARENA = 256 << 20 };
/* Blocks that were written to: of what programs map, they use little. */
enum { WORLD_BLOCK = 512 };
extern bool world_block_touched[WORLD_ARENA / WORLD_BLOCK];
void world_touched_slow(uintptr_t at, size_t bytes);

/* The code under test has written there, at least once since this execution
 * began: mapped memory is zeroed again before the next one. */
static inline void world_touched(uintptr_t address, size_t bytes)
{
	uintptr_t at = address - (uintptr_t)world_arena;
	if (at >= world_mapped)
		return;
	if (!world_block_touched[at / WORLD_BLOCK] || at % WORLD_BLOCK + bytes > WORLD_BLOCK)
		world_touched_slow(at, bytes);
}

/* Blocks of which writes need no longer be noted in this execution: their
 * numbers, of those with the same low bits the latest. */
enum { WORLD_NOTED = 256 };
extern uintptr_t world_noted[WORLD_NOTED];

static inline bool world_is_noted(uintptr_t address)
{
	return world_noted[address / WORLD_BLOCK % WORLD_NOTED] == address / WORLD_BLOCK;
}

/* Makes it one, unless it is of the arena and not in use yet. */
void world_note(uintptr_t address);

/* Pages that were given back in this execution, and may be in use again. */
enum { PAGE_GONE = 1, PAGE_BACK = 2 };
extern uint8_t world_page_gone[WORLD_ARENA / WORLD_PAGE];

static inline bool world_is_gone(uintptr_t address)
{
	uintptr_t at = address - (uintptr_t)world_arena;
	return at < WORLD_ARENA && world_page_gone[at / WORLD_PAGE] == PAGE_GONE;
}

/* How many regions of memory the code under test has not given back. */
unsigned world_regions(void);

/* The same for descriptors (kernel/calls.c). */
void calls_begin(void);
/* The next so many waits for events end with -EINTR, as if a signal had come.
 */
void world_interrupt(unsigned waits);
/* Of the calls that a system may refuse (threads, address space, memory where
 * it says so, descriptors and what they are asked to watch), the nth from now
 * on is, once; 0: none. */
void world_refuse(unsigned nth);
/* Whether one was refused since. */
bool world_was_refused(void);
/* For whoever simulates such a call: whether this one is refused. */
bool world_refuses(void);
/* One of n ways for a check to go on, from 0: a search tries each (depth-first
 * the first 64). */
unsigned world_choose(unsigned n);
/* The running thread sleeps on something, named by a number, until it is woken
 * (returns true) or the clock reaches `until`, ns (false; < 0: never). */
bool world_sleep(uintptr_t on, int64_t until);
/* Wakes up to n of the sleepers on it, the longest asleep first. Returns how
 * many. */
int world_wake(uintptr_t on, int n);
/* The clock moves to the next time-out; whoever waits for it goes on. */
void world_clock_step(void);

#endif
