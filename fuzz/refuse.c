/* What a check asks of the simulated world: that something is refused it, and
 * which way to go on. */
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

unsigned world_choose(unsigned n)
{
	unsigned taken = sim_choose(n);
	past_add(self(), taken);
	return taken;
}
