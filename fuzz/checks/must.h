/* Checks: programs over a target's fixed form that compare what it does with
 * what it should, however threads take turns. They are in the explorer's binary
 * of that form only: mutants (fuzz/mutation.py) are what must fail in them.
 */
#ifndef FUZZ_CHECKS_MUST_H
#define FUZZ_CHECKS_MUST_H

#include <stdbool.h>

#include "base/case.h"
#include "base/world.h"

/* Ends the execution as `fatal` unless that holds. */
static inline void must(bool holds, const char *what)
{
	if (!holds)
		world_fatal(what);
}

/* What a check's outcomes are: it came to its end, where it asked that all be
 * as it should; or somebody waits for ever. */
enum { CAME_THROUGH, STUCK };

#define CHECK_OUTCOMES                                                     \
	OUTCOMES({ "came_through", OK, NO_FAILURE, "all was as it should be" }, \
		 { "stuck", BAD, WEDGE, "nobody can go on" }),              \
	EXPECT({ 0 })

#endif
