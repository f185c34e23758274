/* A broken subject: store buffering, of which it says that no model permits it.
 * The program must call it a model violation. */
#include "probes/probe.h"

/* pairs with: the other actor; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); LD(r0, y))
/* pairs with: the other actor; relaxed: where plain is probed */
ACTOR(1, ST(y, 1); LD(r0, x))

PROBE(liar, "liar",
      .purpose = "both miss the other's store",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 0 }, { 1, R0, 0 }),
      ALLOWED(0, 0, 0));
