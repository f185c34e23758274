/* Two take the last slots of a block, then account for it. Who took the last
 * one need not be the last to account. No reordering is needed, only the
 * window.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ADD(r0, x, 1); ADD(r1, y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ADD(r0, x, 1); ADD(r1, y, 1))

PROBE(spanset, "spanset",
      .purpose = "the last slot's taker accounts first",
      .bug = "block leak",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 1 }, { 1, R1, 0 }),
      ALLOWED(EVERY_MODEL, EVERY_MODEL, EVERY_MODEL));
