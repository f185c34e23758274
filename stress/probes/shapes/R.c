/* Stores in order, against a store and a look back.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 2); LD(r0, x))

PROBE(R, "R",
      .purpose = "the later writer of y misses the store before the earlier one",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 0 }, { IN_THE_END, Y, 2 }),
      ALLOWED(TSO | EVERY_ARM, TSO | ARM_RCPC, 0));
