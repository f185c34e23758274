/* Plain accesses of one size, in line: a hook knows size and kind when it is
 * compiled. The rest of access_plain() is in access.c.
 */
#ifndef FUZZ_MEMORY_PLAIN_H
#define FUZZ_MEMORY_PLAIN_H

#include "memory/race.h"
#include "trace.h"
#include "world.h"

static inline unsigned mask_of(uintptr_t address, unsigned size)
{
	return ((1u << size) - 1) << (address & 7) & 0xff;
}

/* What is not in line, so that it does not burden the others. Of bytes that are
 * also accessed atomically: */
void plain_atomic(struct granule *g, unsigned bytes, bool write, void *pc);
/* Of memory that has no granule at its near place. */
void plain_new(struct granule *near, uintptr_t address, unsigned size, bool write, void *pc);
/* Of more than one granule, of a block not yet written to, traced, or not
 * watched. */
void plain_parts(uintptr_t address, size_t size, bool write, void *pc);

static inline __attribute__((always_inline)) void plain_part(struct granule *g, uintptr_t address,
							     unsigned size, bool write, void *pc)
{
	unsigned bytes = mask_of(address, size);
	/* Either is its last call, so that it saves no registers. */
	if (__builtin_expect(g->atomic & bytes, 0))
		plain_atomic(g, bytes, write, pc);
	else
		race_check(g, bytes, write ? PLAIN_WRITE : PLAIN_READ, pc);
}

/* As access_plain(). */
static inline __attribute__((always_inline)) void plain_access(uintptr_t address, size_t size,
							       bool write, void *pc)
{
	struct granule *g = granule_near(address);
	if (__builtin_expect((address & 7) + size > 8, 0) || !sim.watched ||
	    trace_on == TRACE_ALL || (write && !world_is_noted(address)))
		plain_parts(address, size, write, pc);
	else if (granule_is(g, address))
		plain_part(g, address, size, write, pc);
	else
		plain_new(g, address, size, write, pc);
}

#endif
