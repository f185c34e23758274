#define _GNU_SOURCE
#include "region.h"

#include <sys/mman.h>

void *region_map(uintptr_t wanted, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	/* Without MAP_FIXED the address is a hint that is kept where free. */
	void *region = mmap((void *)wanted, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	return region == MAP_FAILED ? NULL : region;
}

bool region_is_zero(const char *from, const char *end)
{
	while (from < end && *from == 0)
		from++;
	return from == end;
}
