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

static inline void prepare_nothing(void *state, struct slot *slots)
{
	(void)state;
	(void)slots;
}

/* The first actor says so where it ends; then judge_end() is the judge. */
static inline void came_through(struct slot *me)
{
	me->got[0] = 1;
}

static inline int judge_end(const void *state, const struct slot *slots)
{
	(void)state;
	if (slots[0].stranded)
		return STUCK;
	return slots[0].got[0] ? CAME_THROUGH : -1;
}

/* Of two actors, of whom both come to their end; whether all is as it should be
 * then. */
static inline int judge_two(const struct slot *slots, bool holds)
{
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	return holds ? CAME_THROUGH : -1;
}

#define CHECK_OUTCOMES                                                     \
	OUTCOMES({ "came_through", OK, NO_FAILURE, "all was as it should be" }, \
		 { "stuck", BAD, WEDGE, "nobody can go on" }),              \
	EXPECT({ 0 })

#endif
