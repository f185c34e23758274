/* A store overtaken: the second store is seen, and an answer to it is lost
 * under the first.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 2); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, LD(r0, y); ST(x, 1))

PROBE(S, "S",
      .purpose = "the answer is overwritten by a store older than what it answers",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 1 }, { IN_THE_END, X, 2 }),
      ALLOWED(EVERY_ARM, 0, 0));
