/* Store buffering with a fence on one side: the other side alone suffices for
 * both to miss.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); FENCE(); LD(r0, y))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 1); LD(r0, x))

PROBE(SB_fenced, "SB+fence",
      .purpose = "both miss the other's store, though one has a fence between",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 0 }, { 1, R0, 0 }),
      ALLOWED(TSO | EVERY_ARM, TSO | ARM_RCPC, 0));
