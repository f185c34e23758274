/* A port's calls, one after the other, against what port_create(3C) and its
 * neighbours say of them.
 */
#ifndef FUZZ_CHECKS_PORT_SEMANTICS_H
#define FUZZ_CHECKS_PORT_SEMANTICS_H

#include <errno.h>
#include <string.h>

#include "checks/must.h"
#include "port/port.h"

enum { ROOM = 8, NOBODYS = 50, DIRT = 0x5a };

struct state {
	struct port port;
	const struct port_ops *ops;
	int fd[2], user, other;
};

static int fetch_now(struct state *s, struct port_event *events, int n)
{
	return s->ops->getn(&s->port, events, n, 0);
}

static void comes(struct state *s, int fd, uint32_t bits, const void *user)
{
	struct port_event e[ROOM];
	must(fetch_now(s, e, ROOM) == 1, "there is no event, or more than one");
	must(e[0].events == bits && e[0].fd == fd && e[0].user == user, "another event");
}

static void nothing_comes(struct state *s)
{
	struct port_event e[ROOM];
	must(fetch_now(s, e, ROOM) == 0, "there is an event");
}

static void ask(struct state *s, int fd, uint32_t bits, void *user, int result)
{
	must(s->ops->associate(&s->port, fd, bits, user) == result, "associate() says otherwise");
}

static void put_byte(int fd)
{
	char byte = '!';
	must(world_write(fd, &byte, 1) == 1, "a byte was not written");
}

static void take_byte(int fd)
{
	char byte;
	must(world_read(fd, &byte, 1) == 1, "a byte was not read");
}

static uint32_t stale_of(const struct state *s)
{
	return load_relaxed((word32 *)&s->port.stale); /* relaxed: nobody else is there */
}

/* Level-triggered; an event dissolves its association. */
static void readiness(struct state *s)
{
	int fd = s->fd[0];
	s->ops->opened(&s->port, fd, &s->user);
	nothing_comes(s);
	ask(s, fd, WORLD_IN | WORLD_OUT, &s->user, 0);
	comes(s, fd, WORLD_OUT, &s->user);
	nothing_comes(s);
	must(s->ops->dissociate(&s->port, fd) == -ENOENT, "an event left its association");
	ask(s, fd, WORLD_IN, &s->user, 0);
	nothing_comes(s);
	put_byte(s->fd[1]);
	comes(s, fd, WORLD_IN, &s->user);
	nothing_comes(s);
	ask(s, fd, WORLD_IN, &s->user, 0);
	comes(s, fd, WORLD_IN, &s->user);
	ask(s, fd, WORLD_IN | WORLD_OUT, &s->user, 0);
	comes(s, fd, WORLD_IN | WORLD_OUT, &s->user);
	ask(s, fd, 0, &s->user, 0);
	nothing_comes(s);
	must(s->ops->dissociate(&s->port, fd) == 0, "an association without events is one");
	ask(s, fd, WORLD_IN, &s->user, 0);
	must(s->ops->dissociate(&s->port, fd) == 0, "an association was not there");
	must(!port_number(&s->port, fd)->associated, "an association is still there");
	must(s->ops->dissociate(&s->port, fd) == -ENOENT, "an association was taken back twice");
	nothing_comes(s);
	ask(s, fd, WORLD_IN, &s->user, 0);
	ask(s, fd, WORLD_OUT, &s->user, 0); /* in its place */
	comes(s, fd, WORLD_OUT, &s->user);
	nothing_comes(s);
	take_byte(fd);
	must(stale_of(s) == 0, "an owner's association counts as another's");
}

static void two_at_once(struct state *s)
{
	struct port_event e[ROOM];
	s->ops->opened(&s->port, s->fd[1], &s->other);
	ask(s, s->fd[0], WORLD_OUT, &s->user, 0);
	ask(s, s->fd[1], WORLD_OUT, &s->other, 0);
	must(fetch_now(s, e, ROOM) == 2 && e[0].fd + e[1].fd == s->fd[0] + s->fd[1] &&
		     e[0].fd != e[1].fd, "two events are not two");
	for (int i = 0; i < 2; i++)
		must(e[i].user == (e[i].fd == s->fd[0] ? &s->user : &s->other), "another's event");
	ask(s, s->fd[0], WORLD_OUT, &s->user, 0);
	ask(s, s->fd[1], WORLD_OUT, &s->other, 0);
	must(fetch_now(s, e, 1) == 1 && fetch_now(s, e + 1, 1) == 1 && e[0].fd != e[1].fd,
	     "there was room for one event");
	nothing_comes(s);
}

/* Alone, at once, and until it is taken back. */
static void alerts(struct state *s)
{
	struct port_event e[ROOM];
	ask(s, s->fd[0], WORLD_OUT, &s->user, 0);
	for (int times = 0; times < 2; times++) {
		must(s->ops->alert(&s->port, true) == 0, "no alert");
		for (int i = 0; i < 2; i++)
			must(s->ops->getn(&s->port, e, ROOM, -1) == 1 &&
				     e[0].events == PORT_ALERT && e[0].fd == -1 && !e[0].user,
			     "an alert is not the only event");
	}
	must(s->ops->alert(&s->port, false) == 0, "no end of an alert");
	comes(s, s->fd[0], WORLD_OUT, &s->user);
	nothing_comes(s);
}

static void waits(struct state *s)
{
	enum { LONG = 3000000 };
	struct port_event e[ROOM];
	int64_t start = world_now();
	ask(s, s->fd[0], WORLD_IN, &s->user, 0);
	must(s->ops->getn(&s->port, e, ROOM, LONG) == 0, "there is an event");
	must(world_now() - start >= LONG, "a wait ended too early");
	put_byte(s->fd[1]);
	must(s->ops->getn(&s->port, e, ROOM, -1) == 1 && e[0].events == WORLD_IN, "another event");
	take_byte(s->fd[0]);
	/* Its reason is gone before it is fetched. */
	ask(s, s->fd[0], WORLD_IN, &s->user, 0);
	put_byte(s->fd[1]);
	take_byte(s->fd[0]);
	nothing_comes(s);
	put_byte(s->fd[1]);
	comes(s, s->fd[0], WORLD_IN, &s->user);
	/* Or its association is, and the wait goes on to its end. */
	ask(s, s->fd[0], WORLD_IN, &s->user, 0);
	must(s->ops->dissociate(&s->port, s->fd[0]) == 0, "an association was not there");
	start = world_now();
	must(s->ops->getn(&s->port, e, ROOM, LONG) == 0, "an event came of no association");
	must(world_now() - start >= LONG, "a wait for what is outdated ended too early");
	take_byte(s->fd[0]);
}

/* Whoever remembers a number may meet its next owner; and nobody's numbers. */
static void numbers(struct state *s)
{
	int fd = s->fd[0], again[2];
	for (int bad = -1; bad <= PORT_CHUNKS * PORT_CHUNK; bad += PORT_CHUNKS * PORT_CHUNK + 1) {
		ask(s, bad, WORLD_IN, &s->user, -EBADF);
		must(s->ops->dissociate(&s->port, bad) == -EBADF, "a number that cannot be");
		must(!port_number(&s->port, bad), "an entry for what is no number");
		s->ops->opened(&s->port, bad, &s->user);
		s->ops->closed(&s->port, bad);
	}
	ask(s, NOBODYS, WORLD_IN, NULL, -EBADF);
	nothing_comes(s);
	must(port_number(&s->port, 1) == port_number(&s->port, 0) + 1 &&
		     port_number(&s->port, PORT_CHUNK) == port_number(&s->port, PORT_CHUNK) &&
		     port_number(&s->port, PORT_CHUNK) != port_number(&s->port, 0),
	     "numbers share an entry");
	ask(s, fd, WORLD_OUT, &s->user, 0);
	uint32_t serial = port_number(&s->port, fd)->serial;
	s->ops->closed(&s->port, fd);
	must(world_close(fd) == 0 && world_close(s->fd[1]) == 0, "not closed");
	must(!port_number(&s->port, fd)->owner && !port_number(&s->port, fd)->associated &&
		     port_number(&s->port, fd)->serial != serial, "a closed number is somebody's");
	s->ops->closed(&s->port, s->fd[1]);
	nothing_comes(s);
	must(world_socketpair(again) == 0 && again[0] == fd, "another number");
	s->ops->opened(&s->port, fd, &s->other);
	nothing_comes(s);
	must(s->ops->dissociate(&s->port, fd) == -ENOENT, "an association outlived its descriptor");
	ask(s, fd, WORLD_OUT, &s->user, 0);
	must(stale_of(s) == 1, "another's association counts as the owner's");
	ask(s, fd, WORLD_IN, &s->other, 0);
	must(stale_of(s) == 1, "an owner's association counts as another's");
	must(world_close(again[1]) == 0, "not closed");
	comes(s, fd, WORLD_IN | WORLD_HUP, &s->other);
	s->ops->closed(&s->port, fd);
	must(world_close(fd) == 0, "not closed");
}

static void times(void)
{
	must(port_milliseconds(0) == 0 && port_milliseconds(-1) == -1, "none, and for ever");
	must(port_milliseconds(1) == 1 && port_milliseconds(1000000) == 1 &&
		     port_milliseconds(1000001) == 2, "rounded otherwise than up");
	must(port_milliseconds(INT64_MAX / 2) == 1000000000, "no longest");
}

static void semantics_run(void *state, struct slot *me)
{
	struct state *s = state;
	memset(&s->port, DIRT, sizeof s->port);
	must(s->ops->create(&s->port) == 0, "no port");
	must(world_socketpair(s->fd) == 0, "no descriptors");
	readiness(s);
	two_at_once(s);
	alerts(s);
	waits(s);
	numbers(s);
	times();
	s->ops->destroy(&s->port);
	came_through(me);
}

#define SEMANTICS_CASE                                                             \
	.purpose = "a port's calls against what its manual says",                  \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "user", semantics_run } },                                    \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
