/* Canaries: data in the frames of test goroutines that shows a stack which was
 * copied wrongly, or copied while its goroutine ran (`stack_corruption`).
 *
 * Each holds pointers to itself and into itself, and words that depend on where
 * it stands and on a value that its goroutine keeps elsewhere. A write that a
 * move lost leaves the words of an earlier value.
 */
#ifndef SCHED_CANARY_H
#define SCHED_CANARY_H

#include <stdbool.h>
#include <stdint.h>

enum { CANARY_WORDS = 4 };

/* volatile: what matters is what the stack holds, not what the compiler
 * knows. */
struct canary {
	volatile struct canary *volatile self;
	volatile uint64_t *volatile last; /* of the words below */
	volatile uint64_t word[CANARY_WORDS];
};

static inline uint64_t canary_word(const volatile struct canary *c, uint64_t value, unsigned i)
{
	return ((uintptr_t)c + value * 2 + i) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline void canary_set(volatile struct canary *c, uint64_t value)
{
	c->self = c;
	c->last = &c->word[CANARY_WORDS - 1];
	for (unsigned i = 0; i < CANARY_WORDS; i++)
		c->word[i] = canary_word(c, value, i);
}

/* Whether it is as the last canary_set() left it, which had this value. */
static inline bool canary_holds(const volatile struct canary *c, uint64_t value)
{
	/* unreached: an oracle of stacks that moved wrongly */
	bool right = c->self == c && c->last == &c->word[CANARY_WORDS - 1];
	for (unsigned i = 0; i < CANARY_WORDS; i++)
		right &= c->word[i] == canary_word(c, value, i);
	return right;
}

#endif
