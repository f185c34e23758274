/* Hints to the processor. To C, to memory models and to race detectors they are
 * no accesses: what they return or bring is good for further hints only.
 */
#ifndef BASE_HINT_H
#define BASE_HINT_H

#include <stdint.h>

/* Asks for the cache line of an address in order to write it. Any address will
 * do. */
static inline void hint_write(uintptr_t address)
{
#if defined __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
	__builtin_prefetch((const void *)address, 1);
#endif
}

/* What stands in that word, or stood there: it must be mapped. */
static inline uintptr_t hint_value(const void *word)
{
	uintptr_t value;
#if defined __x86_64__
	__asm__ volatile("movq %1, %0" : "=r"(value) : "m"(*(const uintptr_t *)word));
#elif defined __aarch64__
	__asm__ volatile("ldr %0, %1" : "=r"(value) : "Q"(*(const uintptr_t *)word));
#endif
	return value;
}

/* Leaves a contended line to the others for a microsecond or two, after losing
 * it. Threads that come back at once take it from each other at each access;
 * after a pause each does a dozen operations on a line of its own. It costs the
 * loser that time. */
static inline void hint_back_off(void)
{
	enum { PAUSES = 64 }; /* measured: below 32 little is won */
	for (int i = 0; i < PAUSES; i++) {
#if defined __x86_64__
		__asm__ volatile("pause");
#elif defined __aarch64__
		__asm__ volatile("isb");
#endif
	}
}

#endif
