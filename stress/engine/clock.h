/* The processor's counter: what paces rounds without any word being shared. */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/world.h"

static inline uint64_t clock_ticks(void)
{
#if defined __x86_64__
	return __builtin_ia32_rdtsc();
#elif defined __aarch64__
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#endif
}

/* Ticks in a nanosecond, measured once over a millisecond. */
double clock_ticks_per_ns(void);
/* Ticks in a second as the processor itself says; 0 where it does not
 * (x86-64). */
uint64_t clock_frequency(void);
/* Whether the counter is fine enough to aim with: 4 ns or less between ticks.
 */
bool clock_is_fine(void);

#endif
