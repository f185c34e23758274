/* A broken subject: its second load gives a value that nobody stored, as a
 * broken processor's might. */
#include "probes/probe.h"

#define LDX(r, w) ((r) = PROBE_ACCESS("LD", PROBE_LD(w)) + 1)

/* pairs with: the other actor; relaxed: where plain is probed */
ACTOR(0, ST(x, 1))
/* pairs with: the other actor; relaxed: where plain is probed */
ACTOR(1, LDX(r0, x); LD(r1, x))

PROBE(inventor, "inventor",
      .purpose = "a word is seen going back",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 2 }, { 1, R1, 0 }),
      ALLOWED(0, 0, 0));
