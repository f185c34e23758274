/* A descriptor is closed while another one is opened, which may get its number:
 * that one's events come all the same, and to it alone.
 */
#ifndef FUZZ_CHECKS_POLLER_RENUMBER_H
#define FUZZ_CHECKS_POLLER_RENUMBER_H

#include "base/threads.h"
#include "checks/must.h"
#include "poller/fd.h"

struct state {
	struct poller poller;
	struct poll_fd old, fresh;
	struct g reader;
	int fd[2];
	uint32_t ended;
};

static void closer(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	must(fd_close(&s->old) == 0, "not closed");
}

static void opener(void *state, struct slot *me)
{
	struct state *s = state;
	struct g *list[256];
	int waiters = 0;
	char byte = '!';
	(void)me;
	must(world_socketpair(s->fd) == 0 && fd_open(&s->fresh, &s->poller, s->fd[0]) == 0,
	     "not opened");
	struct poll_desc *pd = s->fresh.pd;
	if (s->poller.backend->arm)
		s->poller.backend->arm(pd, POLL_READ);
	sem_store(&pd->rg, (uintptr_t)&s->reader);
	must(world_write(s->fd[1], &byte, 1) == 1, "a byte was not written");
	must(s->poller.backend->poll(&s->poller, 0, list, &waiters) == 1 && list[0] == &s->reader,
	     "an event went to another descriptor, or to none");
	s->ended = 1;
}

static void renumber_prepare(struct state *s, const struct poll_backend *backend)
{
	int fd[2];
	runtime = &threads_runtime;
	s->ended = 0;
	must(poller_start(&s->poller, backend) == 0 && world_socketpair(fd) == 0 &&
		     fd_open(&s->old, &s->poller, fd[0]) == 0, "nothing to begin with");
}

static int renumber_judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	return judge_two(slots, s->ended && s->poller.in_use == 1);
}

#define RENUMBER_CASE                                                              \
	.purpose = "a descriptor is opened while its number's last one is closed", \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "closer", closer }, { "opener", opener } },                   \
	.prepare = prepare, .judge = renumber_judge, CHECK_OUTCOMES

#endif
