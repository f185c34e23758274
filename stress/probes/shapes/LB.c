/* Load buffering: each loads, then stores for the other; both see the store
 * that comes after the other's load.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, LD(r0, x); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, LD(r0, y); ST(x, 1))

/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(0, LD(c->seen[n], x); ST(y, n + 1))
/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(1, LD(c->seen[n], y); ST(x, n + 1))

/* Actor 0's iteration n saw the store of actor 1's iteration m, which had seen
 * n's store, or a later one, before. */
static uint64_t paired(const struct pairing *p, uint32_t from, uint32_t to)
{
	uint64_t weak = 0;
	for (uint32_t n = from; n < to; n++) {
		uint32_t saw = p->seen[0][n];
		weak += saw > p->n || (saw && p->seen[1][saw - 1] >= n + 1);
	}
	return weak;
}

PROBE(LB, "LB",
      .purpose = "both see a store that comes after the other's load",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 1 }, { 1, R0, 1 }),
      ALLOWED(EVERY_ARM, 0, 0),
      .again = { again_0, again_1 }, .paired = paired);
