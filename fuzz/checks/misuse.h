/* Misuses that a target must tell of: which one an execution makes is chosen by
 * the order in which two actors take turns, so that every one is made.
 */
#ifndef FUZZ_CHECKS_MISUSE_H
#define FUZZ_CHECKS_MISUSE_H

#include "checks/must.h"

/* One actor counts up to n - 1, the other takes the number that it meets. */
static inline void misuse_count(word32 *number, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		/* pairs with: misuse_chosen() */
		fetch_add_acq_rel(number, 1);
}

static inline uint32_t misuse_chosen(word32 *number)
{
	/* pairs with: misuse_count() */
	return load_acquire(number);
}

#define MISUSES(misuses) (sizeof(misuses) / sizeof *(misuses))
#define TOLD(message) { message, CAME_THROUGH }

#endif
