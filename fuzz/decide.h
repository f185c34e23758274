/* Scheduling decisions: what may happen next, in which order the search sees
 * it, and what happens when nothing can.
 */
#ifndef FUZZ_DECIDE_H
#define FUZZ_DECIDE_H

#include "fiber.h"
#include "sim.h"

/* Goes on with whoever is chosen; returns when that is the caller, whose
 * context is `from`. */
void decide(struct fiber *from);

/* What an option would do. */
const struct op *op_of(unsigned option);

#endif
