/* The last pops of a span set's block, bare: each popper claims a slot, then
 * accounts for the block, which must be given back exactly once. What the
 * exhaustive search's speed is measured on.
 *
 *   BUG_USED_DOWN   the claimer of the last slot gives the block back, if it
 *                   sees that it was the last to account. It need not be: then
 *                   nobody does.
 */
#ifndef FUZZ_CASES_SPAN_POP_H
#define FUZZ_CASES_SPAN_POP_H

#include "base/case.h"

struct pop_state { word32 slots, head, accounted, freed; };

static inline void pop_last(void *state, struct slot *me)
{
	struct pop_state *s = state;
	(void)me;
	/* relaxed: nobody writes it */
	uint32_t slots = load_relaxed(&s->slots);
	/* pairs with: the other poppers — each has a slot of its own */
	uint32_t mine = fetch_add_acq_rel(&s->head, 1);
	/* pairs with: the other poppers — the last sees all others done */
	uint32_t before = fetch_add_acq_rel(&s->accounted, 1);
#ifdef BUG_USED_DOWN
	/* dropped: who is last is known only from the accounting */
	bool last = mine + 1 == slots && before + 1 == slots;
#else
	bool last = before + 1 == slots;
	(void)mine;
#endif
	if (last)
		/* relaxed: judged at the end */
		fetch_add_relaxed(&s->freed, 1);
}

static inline void pop_prepare(void *state, unsigned slots)
{
	struct pop_state *s = state;
	word_init(&s->slots, slots);
	word_init(&s->head, 0);
	word_init(&s->accounted, 0);
	word_init(&s->freed, 0);
}

enum { FREED_ONCE, NOT_FREED, FREED_TWICE };

static inline int pop_judge(const void *state, const struct slot *slots)
{
	const struct pop_state *s = state;
	(void)slots;
	/* relaxed: nobody runs */
	uint32_t freed = load_relaxed(&s->freed);
	return freed == 1 ? FREED_ONCE : freed == 0 ? NOT_FREED : FREED_TWICE;
}

#define POP_OUTCOMES                                                                     \
	OUTCOMES({ "freed_once", OK, NO_FAILURE, "the block was given back" },           \
		 { "not_freed", BAD, BLOCK_LEAK, "nobody took itself for the last" },    \
		 { "freed_twice", BAD, EARLY_FREE, "two took themselves for the last" }), \
	EXPECT({ "BUG_USED_DOWN", BLOCK_LEAK, EVERY_MODEL })

#endif
