/* What a finding means: on which machines it can be met.
 */
#ifndef FUZZ_MACHINES_H
#define FUZZ_MACHINES_H

#include "explore.h"

/* Words for the weakest machine that shows a failure of that class in q's case:
 * the other models get a short search each, q's own is known to show it. Those
 * that did not show it and could not be exhausted either are named.
 */
const char *machines_text(const struct request *q, enum failure f);
/* The words for a set of models: enum model, as bits; 0: none that cases
 * name. */
const char *machines_of(unsigned models);

#endif
