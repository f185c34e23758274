/* An event whose association is replaced while it is fetched does not end the
 * wait: the one that took its place does.
 */
#ifndef FUZZ_CHECKS_PORT_OUTDATED_H
#define FUZZ_CHECKS_PORT_OUTDATED_H

#include "checks/must.h"
#include "port/port.h"

enum { ROOM = 4 };

struct state {
	struct port port;
	const struct port_ops *ops;
	int fd[2], first, second;
	uint32_t fetched;
};

static void fetcher(void *state, struct slot *me)
{
	struct state *s = state;
	struct port_event e[ROOM];
	(void)me;
	must(s->ops->getn(&s->port, e, ROOM, -1) == 1, "a wait without an end ended with nothing");
	must(e[0].fd == s->fd[0] && e[0].events == WORLD_OUT &&
		     (e[0].user == &s->first || e[0].user == &s->second), "another event");
	s->fetched = 1;
}

static void replacer(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	s->ops->dissociate(&s->port, s->fd[0]);
	must(s->ops->associate(&s->port, s->fd[0], WORLD_OUT, &s->second) == 0, "not associated");
}

static inline void outdated_prepare(struct state *s, const struct port_ops *ops)
{
	s->ops = ops;
	s->fetched = 0;
	must(ops->create(&s->port) == 0 && world_socketpair(s->fd) == 0, "nothing to begin with");
	ops->opened(&s->port, s->fd[0], &s->first);
	must(ops->associate(&s->port, s->fd[0], WORLD_OUT, &s->first) == 0, "not associated");
}

static int outdated_judge(const void *state, const struct slot *slots)
{
	return judge_two(slots, ((const struct state *)state)->fetched);
}

#define OUTDATED_CASE                                                              \
	.purpose = "an association is replaced while its event is fetched",        \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "fetcher", fetcher }, { "replacer", replacer } },             \
	.prepare = prepare, .judge = outdated_judge, CHECK_OUTCOMES

#endif
