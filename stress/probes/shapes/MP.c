/* Message passing: data, then a flag; the reader sees the flag and old data.
 */
#include "probes/probe.h"

/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(0, ST(x, 1); ST(y, 1))
/* pairs with: the other actors; relaxed: where plain is probed */
ACTOR(1, LD(r0, y); LD(r1, x))

/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(0, ST(x, n + 1); ST(y, n + 1))
/* pairs with: the other actor; relaxed: where plain is probed */
AGAIN(1, LD(c->seen[n], y); LD(c->more[n], x))

/* The flag of iteration n was there, its data was not. */
static uint64_t paired(const struct pairing *p, uint32_t from, uint32_t to)
{
	uint64_t weak = 0;
	for (uint32_t n = from; n < to; n++)
		weak += p->more[1][n] < p->seen[1][n];
	return weak;
}

PROBE(MP, "MP",
      .purpose = "the flag is seen, the data before it is not",
      .actor = { &actor_0, &actor_1 },
      WEAK({ 1, R0, 1 }, { 1, R1, 0 }),
      ALLOWED(EVERY_ARM, 0, 0),
      .again = { again_0, again_1 }, .paired = paired);
