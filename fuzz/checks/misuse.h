/* Misuses that a target must tell of: an execution makes one of them, which the
 * search chooses.
 */
#ifndef FUZZ_CHECKS_MISUSE_H
#define FUZZ_CHECKS_MISUSE_H

#include "checks/must.h"
#include "world.h"

/* One of an array's members. */
#define ONE_OF(list) ((list)[world_choose(sizeof(list) / sizeof *(list))])
#define TOLD(message) { message, CAME_THROUGH }

/* Where a misuse has returned. */
static inline void not_told(void)
{
	must(false, "a misuse was not told");
}

#endif
