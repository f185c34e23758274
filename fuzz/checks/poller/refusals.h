/* Each thing that the system may refuse a poller is refused once: that is told,
 * nothing is left behind, and the next try succeeds. In memory that held
 * something else, and with descriptor numbers from 3 and from 0, as where a
 * program was started without any.
 */
#ifndef FUZZ_CHECKS_POLLER_REFUSALS_H
#define FUZZ_CHECKS_POLLER_REFUSALS_H

#include <errno.h>
#include <string.h>

#include "base/threads.h"
#include "checks/must.h"
#include "kernel/kernel.h"
#include "poller/poller.h"
#include "world.h"

enum { DIRT = 0xa5, MOST = 256, REFUSALS = 3 };

struct state {
	struct poller poller;
	const struct poll_backend *backend;
	int fd[2];
};

/* What was refused is granted the second time. */
static int open_one(struct state *s, int fd, struct poll_desc **pd)
{
	uint32_t in_use = s->poller.in_use;
	int error = poll_open(&s->poller, fd, pd);
	must((error != 0) == world_was_refused(), "a refusal was not told");
	if (error == 0)
		return 0;
	must(error == -ENOMEM && s->poller.in_use == in_use, "what was not opened is in use");
	world_refuse(0);
	must(poll_open(&s->poller, fd, pd) == 0, "a refusal lasts");
	return error;
}

static void close_one(struct poll_desc *pd)
{
	poll_unblock(pd);
	poll_close(pd);
}

static void use(struct state *s)
{
	struct g *list[MOST];
	int waiters = 1;
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->poller.waiters) == 0 && load_relaxed(&s->poller.in_vain) == 0,
	     "a new poller has a past");
	s->backend->wake(&s->poller);
	must(s->backend->poll(&s->poller, -1, list, &waiters) == 0 && waiters == 0,
	     "a wake is no wake");
	must(!s->backend->stale || s->backend->stale(&s->poller) == 0, "a new port has a past");
}

/* A poller with two descriptors, from beginning to end. */
static int life(struct state *s)
{
	struct poll_desc *pd[2];
	memset(&s->poller, DIRT, sizeof s->poller);
	int error = poller_start(&s->poller, s->backend);
	must((error != 0) == world_was_refused(), "a refusal was not told");
	must(error == 0 || error == -EMFILE || error == -ENOMEM, "another error than was meant");
	if (error != 0)
		return error;
	for (int i = 0; i < 2; i++) {
		int refused = open_one(s, s->fd[i], &pd[i]);
		error = refused ? refused : error;
	}
	use(s);
	must(s->poller.in_use == 2 && pd[0] != pd[1], "descriptors are counted wrong");
	for (int i = 0; i < 2; i++)
		close_one(pd[i]);
	must(s->poller.in_use == 0, "descriptors are counted wrong");
	poller_stop(&s->poller);
	return error;
}

static void lives(struct state *s, unsigned least)
{
	unsigned refused = 0;
	for (unsigned nth = 1;; nth++, refused++) {
		unsigned regions = world_regions(), open = kernel_open();
		world_refuse(nth);
		int error = life(s);
		must(world_regions() == regions && kernel_open() == open, "something is left");
		if (error == 0)
			break;
	}
	world_refuse(0);
	must(refused >= least, "what was refused went unnoticed");
}

static void refusals_run(void *state, struct slot *me)
{
	struct state *s = state;
	for (int from = 3; from >= 0; from -= 3) {
		must(world_socketpair(s->fd) == 0, "no descriptors to begin with");
		kernel_fds_from(from);
		lives(s, REFUSALS);
		must(world_close(s->fd[0]) == 0 && world_close(s->fd[1]) == 0, "not closed");
	}
	came_through(me);
}

static inline void refusals_prepare(struct state *s, const struct poll_backend *backend)
{
	runtime = &threads_runtime;
	s->backend = backend;
}

#define REFUSALS_CASE                                                              \
	.purpose = "a poller's beginning while the system refuses this or that",   \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "user", refusals_run } },                                     \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
