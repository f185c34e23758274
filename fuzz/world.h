/* The simulated world's own parts, besides base/world.h and base/goroutine.h,
 * which it implements.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/* The runtime of cases (goroutine.c). */
extern const struct runtime simulated_runtime;

/* Begins an execution: nothing mapped. */
void world_begin(void);
/* The same for descriptors (kernel/calls.c). */
void calls_begin(void);
/* The running thread sleeps on something, named by a number, until it is woken
 * (returns true) or the clock reaches `until`, ns (false; < 0: never). */
bool world_sleep(uintptr_t on, int64_t until);
/* Wakes up to n of the sleepers on it, the longest asleep first. Returns how
 * many. */
int world_wake(uintptr_t on, int n);
/* The clock moves to the next time-out; whoever waits for it goes on. */
void world_clock_step(void);

#endif
