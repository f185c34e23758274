/* Memory at addresses that are the same in every run, so that values made of
 * addresses are too, and a trace or a replay does not depend on where the
 * system put things.
 */
#ifndef FUZZ_REGION_H
#define FUZZ_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below 2^39, which every 64-bit system leaves to programs; far from all
 * else. */
#define REGION_STATE ((uintptr_t)0x2000000000)
#define REGION_ARENA ((uintptr_t)0x2100000000)
#define REGION_STACKS ((uintptr_t)0x2200000000)

/* Zeroed memory at `wanted`, or elsewhere if that is taken. NULL: none left. */
void *region_map(uintptr_t wanted, size_t bytes);
/* Whether all from there to `end` is 0. */
bool region_is_zero(const char *from, const char *end);

#endif
