#include "engine/clock.h"

double clock_ticks_per_ns(void)
{
	static double ticks_per_ns;
	if (ticks_per_ns == 0) {
		int64_t start = world_now(), now;
		uint64_t first = clock_ticks();
		while ((now = world_now()) - start < 1000000)
			;
		ticks_per_ns = (double)(clock_ticks() - first) / (double)(now - start);
	}
	return ticks_per_ns;
}

uint64_t clock_frequency(void)
{
	uint64_t hz = 0;
#if defined __aarch64__
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
#endif
	return hz;
}

bool clock_is_fine(void)
{
	return clock_ticks_per_ns() >= 0.25;
}
