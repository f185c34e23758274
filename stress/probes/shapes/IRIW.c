/* Independent reads of independent writes: two readers disagree on which of two
 * stores came first.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(2, LD(r0, x); LD(r1, y))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(3, LD(r0, y); LD(r1, x))

PROBE(IRIW, "IRIW",
      .purpose = "two readers see two stores in opposite orders",
      .actor = { &actor_0, &actor_1, &actor_2, &actor_3 },
      WEAK({ 2, R0, 1 }, { 2, R1, 0 }, { 3, R0, 1 }, { 3, R1, 0 }),
      ALLOWED(EVERY_ARM, 0, 0));
