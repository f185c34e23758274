/* Stacks of goroutines: small, and moved to more or less memory as they need.
 *
 *   window   [ reserved: to touch it is an error | backing ]
 *            ^ base                              ^ low     ^ top
 *
 * Each stack has a window of address space of its own. Its backing, memory at
 * the window's end, begins as one page (more under sanitizers) and is doubled
 * and halved between that and the window less a guard. A change of size is a
 * move: the part in use is copied to fresh pages, they take the old ones'
 * place, and those are released. Addresses stay, so pointers into a stack do
 * too; what a goroutine writes while its stack is copied is lost. (Go copies to
 * other addresses and adjusts pointers: runtime/stack.go, copystack.)
 *
 * At most two mappings of the kernel per stack: what is reserved, what is
 * backing. Windows of closed stacks keep a smallest backing, for reuse, until
 * stacks_trim() takes it.
 */
#ifndef SCHED_STACK_H
#define SCHED_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "sched/context.h"

/* Bytes that functions which do not ask for room may use below those that do:
 * scheduler, poller, system calls; and what listens to their accesses. */
#if defined LISTENERS_NEED /* by a lane with listeners of its own */
enum { STACK_MARGIN = (2 << 10) + LISTENERS_NEED };
#elif defined CONTEXT_TSAN || defined CONTEXT_ASAN
enum { STACK_MARGIN = 64 << 10 };
#else
enum { STACK_MARGIN = 2 << 10 };
#endif

/* All stacks of one scheduler. */
struct stacks {
	mutex lock;          /* guards the free windows and regions */
	char *free;          /* top of a closed window with backing, see next_of() */
	size_t frees;
	char **bare;         /* tops of closed windows without backing */
	size_t bares, bare_room;
	char *next, *end;    /* windows of the newest region never used */
	struct stack_region *regions;
	size_t least, most;  /* bytes of backing; constant */
	size_t window;       /* bytes; constant */
	size_t at_once;      /* windows reserved together; constant */
	word32 open;         /* stacks */
	/* Figures: bytes of backing ever taken and given back, and moves. */
	word64 taken, released, moves;
};

struct gstack {
	char *low, *top;     /* of the backing; NULL: not open */
	struct stacks *all;
};

/* No stacks yet. most: bytes of backing that a stack may have, rounded up;
 * at_once: windows to reserve together. */
void stacks_init(struct stacks *all, size_t most, size_t at_once);
/* Gives back all memory; fatal if a stack is open. */
void stacks_end(struct stacks *all);
/* Gives back the backing that closed windows keep, but for `keep` of them.
 * Returns how many gave theirs. */
size_t stacks_trim(struct stacks *all, size_t keep);
/* Bytes of backing: of open stacks, and kept for reuse. */
uint64_t stacks_held(const struct stacks *all);

/* Opens a stack with the smallest backing. Returns 0 or -ENOMEM. */
int stack_open(struct stacks *all, struct gstack *s);
/* Nobody runs on it any more. */
void stack_close(struct gstack *s);
/* The window, for context_make(). */
char *stack_base(const struct gstack *s);
size_t stack_window(const struct gstack *s);

/* Bytes of backing in use by whoever stopped with its stack pointer at sp. */
static inline size_t stack_used(const struct gstack *s, const void *sp)
{
	return (size_t)(s->top - (const char *)sp);
}

/* Whether so many bytes and the margin have room below `here`. */
static inline bool stack_has(const struct gstack *s, const void *here, size_t bytes)
{
	return (size_t)((const char *)here - s->low) >= bytes + STACK_MARGIN;
}

/* Grows the stack of whoever stopped at sp, by doubling, until so many bytes
 * and the margin have room. The caller runs elsewhere. Returns 0, -EOVERFLOW if
 * that is more than the most, or -ENOMEM. */
int stack_grow(struct gstack *s, const void *sp, size_t bytes);
/* Halves it if less than a quarter is in use and it is not the smallest.
 * Returns whether it did. */
bool stack_shrink(struct gstack *s, const void *sp);

/* Halves of stack_shrink(), for those who take the lock on the stack in
 * between: the size it should have (or what it has), a copy in fresh memory,
 * and the exchange. */
size_t stack_wanted(const struct gstack *s, const void *sp);
void *stack_copy(const struct gstack *s, const void *sp, size_t bytes);
bool stack_exchange(struct gstack *s, void *copy, size_t bytes);

/* Whether an access to that address is an overflow of this stack. */
bool stack_overflowed(const struct gstack *s, const void *address);

#endif
