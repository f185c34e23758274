/* golang/go#45211: a waiter sets its mark and looks at the flag; a closer sets
 * the flag, stores to a word nobody reads as a "barrier", and looks at the
 * mark.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, CAS(r0, x, 1); LD(r1, y))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 1); ST_REL(z, 1); LD_SC(r0, x))

PROBE(poller, "poller",
      .purpose = "the waiter parks, and the closer does not see it",
      .bug = "lost wakeup",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R1, 0 }, { 1, R0, 0 }),
      ALLOWED(TSO | ARM_LOOP, TSO | ARMV8_RCPC, 0));
