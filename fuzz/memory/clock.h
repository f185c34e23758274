/* Vector clocks, after FastTrack (Flanagan and Freund, PLDI 2009).
 *
 * A thread's clock holds, for every thread, how much of its past is known to
 * have happened before. An access at time c of thread u happened before t's
 * next one iff c <= t's clock[u].
 */
#ifndef FUZZ_MEMORY_CLOCK_H
#define FUZZ_MEMORY_CLOCK_H

#include <stdint.h>

enum { MAX_THREADS = 16 };

struct clock { uint32_t at[MAX_THREADS]; };

/* Only the first `n` entries, the threads of this execution, are looked at. */
static inline void clock_join(struct clock *to, const struct clock *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to->at[i] = from->at[i] > to->at[i] ? from->at[i] : to->at[i];
}

static inline void clock_clear(struct clock *c)
{
	*c = (struct clock){ 0 };
}

#endif
