/* The simulated world's own parts, besides base/world.h and base/goroutine.h,
 * which it implements.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

/* The runtime of cases (goroutine.c). */
extern const struct runtime simulated_runtime;

/* Begins an execution: nothing mapped. */
void world_begin(void);
/* The clock moves to the next time-out; whoever waits for it goes on. */
void world_clock_step(void);

#endif
