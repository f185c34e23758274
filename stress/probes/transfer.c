/* The yardstick: how long a cache line takes from one actor's core to the
 * other's, by handing a counter to and fro. */
#include <stdlib.h>
#include <string.h>

#include "base/world.h"
#include "probes/crew.h"

enum { SAMPLES = 101, TURNS = 2000, WARM_UP = 1000 };

struct rally {
	_Alignas(128) word32 ball;
	_Alignas(128) struct pin_plan plan;
	double sample[SAMPLES];
	bool failed;
	char why[2][PIN_WHY];
};

/* The peer's odd numbers are answered with even ones. */
static bool serve(struct rally *r, unsigned side)
{
	return r->plan.pinned && pin_apply(&r->plan, side, r->why[side]) != PIN_OK;
}

static void volley(struct rally *r, uint32_t mine, uint32_t until)
{
	for (; mine < until; mine += 2) {
		uint32_t spins = 0;
		/* pairs with: the peer's store below */
		while (load_acquire(&r->ball) + 1 < mine)
			if (++spins % 4096 == 0)
				world_yield();
		/* pairs with: the peer's load above */
		store_release(&r->ball, mine);
	}
}

static void answer(void *arg)
{
	struct rally *r = arg;
	if (serve(r, 1))
		r->failed = true;
	volley(r, 2, 2 * (WARM_UP + SAMPLES * TURNS));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int transfer_ns(const struct pin_plan *plan, double ns[3], char why[PIN_WHY])
{
	struct rally *r = world_map((sizeof *r + 4095) / 4096 * 4096);
	world_thread peer;
	r->plan = *plan;
	bool failed = serve(r, 0);
	if (world_thread_start(&peer, answer, r) != 0)
		world_fatal("no thread for the yardstick");
	volley(r, 1, 2 * WARM_UP);
	for (unsigned i = 0; i < SAMPLES; i++) {
		int64_t began = world_now();
		uint32_t from = 2 * (WARM_UP + i * TURNS);
		volley(r, from + 1, from + 2 * TURNS);
		r->sample[i] = (double)(world_now() - began) / (2.0 * TURNS);
	}
	world_thread_join(peer);
	qsort(r->sample, SAMPLES, sizeof *r->sample, by_value);
	for (unsigned i = 0; i < 3; i++)
		ns[i] = r->sample[(i + 1) * SAMPLES / 4];
	if (failed || r->failed)
		memcpy(why, r->why[failed ? 0 : 1], PIN_WHY);
	failed |= r->failed;
	world_unmap(r, (sizeof *r + 4095) / 4096 * 4096);
	return failed ? -1 : 0;
}
