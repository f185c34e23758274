/* Coherence: two loads of one word, the second of which is older.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, LD(r0, x); LD(r1, x))

PROBE(CoRR, "CoRR",
      .purpose = "a word is seen going back",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 1 }, { 1, R1, 0 }),
      ALLOWED(0, 0, 0));
