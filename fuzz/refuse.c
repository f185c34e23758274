/* What the simulated system has no more of, where a check says so. */
#include "sim.h"
#include "world.h"

static unsigned refuse_in; /* 0: nothing; counts down to the call */
static bool was_refused;

void world_refuse(unsigned nth)
{
	refuse_in = nth;
	was_refused = false;
}

bool world_was_refused(void)
{
	return was_refused;
}

bool world_refuses(void)
{
	bool now = refuse_in > 0 && --refuse_in == 0;
	was_refused |= now;
	if (now && sim.on)
		past_add(self(), now);
	return now;
}
