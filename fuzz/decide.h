/* Scheduling decisions: what may happen next, in which order the search sees
 * it, and what happens when nothing can.
 */
#ifndef FUZZ_DECIDE_H
#define FUZZ_DECIDE_H

#include "fiber.h"
#include "search/search.h"
#include "sim.h"

/* Goes on with whoever is chosen; returns when that is the caller, whose
 * context is `from`. */
void decide(struct fiber *from);

/* What an option would do. */
const struct op *op_of(unsigned option);

/* decide() in short, where the running thread t is the only option and the
 * search need not be told: it takes its step. false: it is not so. */
static inline bool decide_alone(const struct thread *t)
{
	if (sim.enabled != bit(t->id) || sim.sleep || sim.steps >= sim.step_limit ||
	    search->took || search->stays)
		return false;
	sim.steps++;
	sim.taken++;
	return true;
}

#endif
