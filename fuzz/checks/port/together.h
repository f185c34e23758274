/* Two who use one port and its numbers at once, in every order: each call does
 * what it says, and nothing is touched without its lock (which data races
 * tell). */
#ifndef FUZZ_CHECKS_PORT_TOGETHER_H
#define FUZZ_CHECKS_PORT_TOGETHER_H

#include <errno.h>
#include <string.h>

#include "checks/must.h"
#include "port/port.h"

enum { ROOM = 4, DIRT = 0xa5 };

struct state {
	struct port port;
	const struct port_ops *ops;
	int fd[2], owner[2];
	long done[2];
};

/* Both use the first number; nobody's events last. */
static void use(struct state *s, int who)
{
	struct port_event e[ROOM];
	int fd = s->fd[0];
	s->ops->opened(&s->port, fd, &s->owner[who]);
	must(s->ops->associate(&s->port, fd, WORLD_OUT, &s->owner[who]) == 0, "not associated");
	int n = s->ops->getn(&s->port, e, ROOM, 0);
	must(n == 0 || (n == 1 && e[0].fd == fd && e[0].events == WORLD_OUT &&
			(e[0].user == &s->owner[0] || e[0].user == &s->owner[1])),
	     "another event, or more than one");
	int error = s->ops->dissociate(&s->port, fd);
	must(error == 0 || error == -ENOENT, "dissociate() says otherwise");
	s->ops->closed(&s->port, fd);
	s->done[who] = 1;
}

static void one(void *state, struct slot *me)
{
	(void)me;
	use(state, 0);
}

static void other(void *state, struct slot *me)
{
	(void)me;
	use(state, 1);
}

static inline void together_prepare(struct state *s, const struct port_ops *ops)
{
	memset(s, DIRT, sizeof *s);
	s->ops = ops;
	s->done[0] = s->done[1] = 0;
	must(ops->create(&s->port) == 0 && world_socketpair(s->fd) == 0, "nothing to begin with");
}

static int together_judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	return judge_two(slots, s->done[0] && s->done[1]);
}

#define TOGETHER_CASE                                                              \
	.purpose = "two who associate, fetch, dissociate and close one number",    \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "one", one }, { "other", other } },                           \
	.prepare = prepare, .judge = together_judge, CHECK_OUTCOMES

#endif
