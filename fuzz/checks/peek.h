/* How a check looks at what nobody else uses meanwhile: each atomic access is a
 * step of an execution, which has room for some thousands of them.
 */
#ifndef FUZZ_CHECKS_PEEK_H
#define FUZZ_CHECKS_PEEK_H

#include "base/order.h"

/* The value of a word, by a plain access. */
#define peek(w) (*(const __typeof__((w)->v + 0) *)(const void *)&(w)->v)

/* A function whose accesses the explorer does not see. */
#define UNSEEN __attribute__((no_sanitize("thread")))

/* Before what is UNSEEN looks: what was stored may be on its way to memory. */
static __attribute__((noinline)) void settle(void)
{
	fence_seq_cst();
}

#endif
