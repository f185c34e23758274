/* Store buffering: each stores to a word of its own, then looks at the other's.
 * Both miss the other's store where stores wait in a buffer: on x86 too.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); LD(r0, y))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 1); LD(r0, x))

/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(0, ST(x, n + 1); LD(c->seen[n], y))
/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(1, ST(y, n + 1); LD(c->seen[n], x))

/* Actor 0's iteration n missed the first store to its y after the one it saw:
 * that of actor 1's iteration m. If that one missed n's store in turn, no order
 * of the four accesses explains it. */
static uint64_t paired(const struct pairing *p, uint32_t from, uint32_t to)
{
	uint64_t weak = 0;
	for (uint32_t n = from; n < to; n++) {
		uint32_t saw = p->seen[0][n];
		uint32_t m = saw ? saw + p->mask : n & p->mask;
		weak += m < p->n && p->seen[1][m] < n + 1;
	}
	return weak;
}

PROBE(SB, "SB",
      .purpose = "both miss the other's store",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 0 }, { 1, R0, 0 }),
      ALLOWED(TSO | EVERY_ARM, TSO | ARM_RCPC, 0),
      .again = { again_0, again_1 }, .paired = paired);
