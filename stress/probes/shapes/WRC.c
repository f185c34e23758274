/* Write to read causality: what a store answers is not seen by who sees the
 * answer.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, LD(r0, x); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(2, LD(r0, y); LD(r1, x))

PROBE(WRC, "WRC",
      .purpose = "the answer is seen, what it answers is not",
      .actor = { &actor_0, &actor_1, &actor_2 },
      WEAK({ 1, R0, 1 }, { 2, R0, 1 }, { 2, R1, 0 }),
      ALLOWED(EVERY_ARM, 0, 0));
