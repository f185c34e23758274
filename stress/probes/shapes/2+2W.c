/* 2+2W: both write both words, in opposite order; both first stores stay.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); ST(y, 2))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(y, 1); ST(x, 2))

PROBE(TWO_TWO_W, "2+2W",
      .purpose = "each word ends with the store that came first on its side",
      .actor = { &actor_0, &actor_1 },
      WEAK({ IN_THE_END, X, 1 }, { IN_THE_END, Y, 1 }),
      ALLOWED(EVERY_ARM, 0, 0));
