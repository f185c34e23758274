/* What the fixed poller costs when nobody is in the way: one JSON object.
 *
 *   {"block_ready_ns":21.3,"take_nothing_ns":1.9,"deadline_ns":31.0,...}
 */
#include "base/threads.h"
#include "engine/emit.h"
#include "poller/poller.h"

enum { TRIES = 7, PAIRS = 200000 };

static struct poller poller;
static struct poll_desc desc;

/* Readiness arrives, and the next wait consumes it. */
static void block_ready(void)
{
	struct g *list[2];
	int waiters = 0;
	poll_ready(&desc, POLL_READ, list, &waiters);
	if (!poll_block(&desc, POLL_READ, false))
		world_fatal("readiness got lost");
}

/* Readiness that finds it has been reported already. */
static void ready_again(void)
{
	struct g *list[2];
	int waiters = 0;
	poll_ready(&desc, POLL_READ, list, &waiters);
}

static void check_error(void)
{
	if (poll_check_error(&desc, POLL_READ) != POLL_OK)
		world_fatal("an error from nowhere");
}

/* The updater's half: lock, publish, look for waiters. */
static void clear_deadline(void)
{
	poll_set_deadline(&desc, 0, POLL_READ | POLL_WRITE);
}

/* The fastest of a few tries, per call. */
static double fastest(void (*step)(void))
{
	int64_t least = INT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		int64_t start = world_now();
		for (int k = 0; k < PAIRS; k++)
			step();
		int64_t ns = world_now() - start;
		least = ns < least ? ns : least;
	}
	return (double)least / PAIRS;
}

int main(void)
{
	static const struct poll_backend none = { .name = "none" };
	poller.backend = &none;
	runtime = &threads_runtime;
	poll_desc_init(&desc, &poller);
	json_object(stdout, NULL);
	json_real(stdout, "block_ready_ns", fastest(block_ready));
	json_real(stdout, "ready_again_ns", fastest(ready_again));
	json_real(stdout, "check_error_ns", fastest(check_error));
	json_real(stdout, "clear_deadline_ns", fastest(clear_deadline));
	json_end(stdout);
	return 0;
}
