/* golang/go#9186: who shrinks a stack sees a waiting goroutine; it is readied
 * before its status is swapped. No reordering is needed, only the window.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, LD(r0, x); CAS(r1, x, 2))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, CAS(r0, x, 1))

PROBE(sched, "sched",
      .purpose = "waiting when looked at, no longer when swapped",
      .bug = "collector hangs",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 0, R0, 0 }, { 0, R1, 0 }),
      ALLOWED(EVERY_MODEL, EVERY_MODEL, EVERY_MODEL));
