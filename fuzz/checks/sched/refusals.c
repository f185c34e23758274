/* What the system refuses a scheduler at its start is told and leaves nothing
 * behind; and how many processors it may have. */
#include <errno.h>

#include "checks/sched/run.h"
#include "kernel/kernel.h"
#include "world.h"

enum { STACK = 16 << 10 };

static unsigned ran;

static void first(void *arg)
{
	(void)arg;
	ran++;
}

static int try(unsigned procs, unsigned refuse)
{
	struct sched_config c = { .procs = procs, .stack_bytes = STACK };
	unsigned regions = world_regions(), open = kernel_open();
	world_refuse(refuse);
	int error = sched_run(&c, first, NULL, NULL);
	must(world_regions() == regions && kernel_open() == open, "something is left");
	world_refuse(0);
	return error;
}

static void run(void *state, struct slot *me)
{
	(void)state;
	must(try(0, 1) == -EINVAL && !world_was_refused(), "no processors are enough");
	must(try(MOST_PROCS + 1, 1) == -EINVAL && try(UINT32_MAX, 1) == -EINVAL,
	     "too many processors are not refused");
	/* The poller's three; nobody has been started yet. */
	for (unsigned nth = 1; nth <= 3; nth++) {
		must(try(MOST_PROCS, nth) == (nth < 3 ? -EMFILE : -ENOMEM),
		     "a refusal was not told, or another one");
		must(try(1, nth) < 0, "a refusal was not told");
	}
	must(ran == 0, "something ran on no scheduler");
	for (unsigned i = 1; i <= 2; i++)
		must(try(i, 0) == 0 && ran == i, "a refusal lasts");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)state;
	(void)slots;
	ran = 0;
}

CASE(refusals,
     .purpose = "a scheduler's beginning while the system refuses this or that",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
