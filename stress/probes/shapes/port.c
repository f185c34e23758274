/* An update looks whether its descriptor is closing and arms it; a close in
 * between finds nothing to disarm. No reordering is needed, only the window.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, LD(r0, x); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, ST(x, 1); LD(r0, y))

PROBE(port, "port",
      .purpose = "armed after the close had looked",
      .bug = "stale arm",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 0 }, { 1, R0, 0 }),
      ALLOWED(EVERY_MODEL, EVERY_MODEL, EVERY_MODEL));
