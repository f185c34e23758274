/* Accesses of the code under test, as the hooks hand them over: scheduling,
 * model, race detection, trace. While no execution runs (prepare, judge) they
 * act on memory at once.
 *
 * pc is the return address of the hook: the access stands just before it.
 */
#ifndef FUZZ_MEMORY_ACCESS_H
#define FUZZ_MEMORY_ACCESS_H

#include "memory/model.h"

uint64_t access_load(uintptr_t address, unsigned size, enum order order, void *pc);
void access_store(uintptr_t address, unsigned size, uint64_t value, enum order order, void *pc);
/* Returns the value found; *stored says whether it was replaced. */
uint64_t access_rmw(uintptr_t address, unsigned size, const struct update *u,
		    enum order order, bool *stored, void *pc);
void access_fence(enum order order, void *pc);
/* A plain access of any size and alignment. The access itself is the
 * caller's. */
void access_plain(uintptr_t address, size_t size, bool write, void *pc);
/* What the targets' global variables hold now is what every execution begins
 * with. */
void globals_keep(void);
/* Puts them back to that. */
void globals_restore(void);

#endif
