/* Whose a descriptor number is, through the backend's calls: the descriptor's
 * while it is open, nobody's before and after; and an association is made where
 * something changes, and only there.
 */
#ifndef FUZZ_CHECKS_PORT_OWNERS_H
#define FUZZ_CHECKS_PORT_OWNERS_H

#include "base/threads.h"
#include "checks/must.h"
#include "port/port.h"
#include "world.h"

struct state {
	struct poller poller;
	const struct poll_backend *backend;
	int fd[2];
};

static const struct port_number *number(const struct state *s)
{
	return port_number(s->poller.state, s->fd[0]);
}

static void must_be_nobodys(const struct state *s)
{
	must(!number(s)->owner && !number(s)->associated, "a closed number is somebody's");
}

/* Refused the second time at the latest: as a change, then as a new one. */
static void refused(struct state *s)
{
	struct poll_desc *pd;
	for (unsigned nth = 1; nth <= 2; nth++) {
		world_refuse(nth);
		must(poll_open(&s->poller, s->fd[0], &pd) != 0, "a refusal was not told");
		world_refuse(0);
		must_be_nobodys(s);
	}
}

static void ask(struct state *s, struct poll_desc *pd, int mode, uint32_t more)
{
	uint32_t serial = number(s)->serial;
	s->backend->arm(pd, mode);
	must(number(s)->serial == serial + more, "an association without need, or none");
	must(number(s)->associated && number(s)->user == pd, "an association is another's");
}

static void life(struct state *s)
{
	struct poll_desc *pd;
	uint32_t serial = number(s)->serial;
	must(poll_open(&s->poller, s->fd[0], &pd) == 0, "not opened");
	must(number(s)->owner == pd && number(s)->serial == serial + 1,
	     "a number is not its descriptor's");
	ask(s, pd, POLL_READ, 1);
	must(number(s)->events == WORLD_IN, "other events than were asked for");
	ask(s, pd, POLL_READ, 0);
	ask(s, pd, POLL_WRITE, 1);
	must(number(s)->events == (WORLD_IN | WORLD_OUT), "other events than were asked for");
	poll_unblock(pd);
	ask(s, pd, POLL_READ, 0);
	poll_close(pd);
	must_be_nobodys(s);
}

static void owners_run(void *state, struct slot *me)
{
	struct state *s = state;
	must(poller_start(&s->poller, s->backend) == 0 && world_socketpair(s->fd) == 0,
	     "nothing to begin with");
	must_be_nobodys(s);
	refused(s);
	for (int i = 0; i < 2; i++)
		life(s);
	must(s->backend->stale(&s->poller) == 0, "another's number was used");
	must(world_close(s->fd[0]) == 0 && world_close(s->fd[1]) == 0, "not closed");
	poller_stop(&s->poller);
	came_through(me);
}

static inline void owners_prepare(struct state *s, const struct poll_backend *backend)
{
	runtime = &threads_runtime;
	s->backend = backend;
}

#define OWNERS_CASE                                                                \
	.purpose = "whose a descriptor number is, and when it is associated",      \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "user", owners_run } },                                       \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
