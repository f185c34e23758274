/* What the port's cases share: the exact port over one descriptor number whose
 * readiness is a word, so that no round enters a kernel.
 */
#ifndef PORT_CASE_H
#define PORT_CASE_H

#include <errno.h>

#include "poller/loop.h"
#include "port/port.h"

struct state {
	struct poll_desc pd;
	struct poller poller;
	struct port port;
	struct port_ops ops;
	wordptr chunk;             /* the port's only one */
	struct port_number number; /* of it, the only one: numbers are scarce */
	HOT word32 file;           /* OUT while it is writable; MESSAGE per message */
	word32 watched;            /* what the association waits for */
	word32 overtaken;          /* a case's own: an event came before its call ended */
	int other;                 /* whoever has the number after pd: its address */
};

enum { NUMBER = 0, MESSAGE = 1 << 16 };

static inline struct state *state_of(struct port *port)
{
	return (struct state *)((char *)port - offsetof(struct state, port));
}

static int case_watch(struct port *port, int fd, uint32_t events)
{
	(void)fd; /* closed, the number is somebody else's at once */
	/* pairs with: case_wait() load */
	store_release(&state_of(port)->watched, events);
	return 0;
}

static void case_unwatch(struct port *port, int fd)
{
	case_watch(port, fd, 0);
}

/* pairs with: send_one(), take_all() — what was sent or taken */
static inline uint32_t readiness(struct state *s)
{
	/* pairs with: as above */
	uint32_t file = load_acquire(&s->file);
	return (file >= MESSAGE ? WORLD_IN : 0) | (file & WORLD_OUT);
}

static uint32_t case_look(struct port *port, int fd, uint32_t events)
{
	(void)fd;
	return readiness(state_of(port)) & events;
}

static int case_wait(struct port *port, int *fds, int n, int64_t ns)
{
	struct state *s = state_of(port);
	uint32_t ready = readiness(s); /* only the actor that polls changes it */
	(void)n;
	fds[0] = NUMBER;
	/* pairs with: case_watch() store */
	while (!(load_acquire(&s->watched) & ready)) {
		if (ns == 0)
			return 0;
		world_relax();
	}
	return 1;
}

static const struct port_source case_source = {
	.watch = case_watch,
	.unwatch = case_unwatch,
	.look = case_look,
	.wait = case_wait,
};

/* It takes its time to enter a kernel, and to return. */
static inline void cross(void)
{
	enum { PAUSES = 8 };
	world_relax_for(PAUSES);
}

static int case_associate(struct port *port, int fd, uint32_t events, void *user)
{
	cross();
	int error = port_exact_ops.associate(port, fd, events, user);
	cross();
	return error;
}

/* The number is open for pd; events: pd's interest, and associated.
 * Writable. */
static inline void state_port(struct state *s, uint32_t events)
{
	poll_desc_init(&s->pd, &s->poller);
	s->pd.fd = NUMBER;
	s->pd.user = events;
	mutex_init(&s->poller.lock);
	s->poller.first = NULL;
	s->poller.in_use = 1;
	word_init(&s->poller.waiters, 0);
	word_init(&s->poller.in_vain, 0);
	word_init(&s->poller.wake_pending, 0);
	s->poller.backend = &port_exact_backend;
	s->poller.state = &s->port;
	s->ops = port_exact_ops;
	s->ops.associate = case_associate;
	s->port.ops = &s->ops;
	s->port.source = &case_source;
	word_init(&s->port.alerted, 0);
	word_init(&s->port.stale, 0);
	s->port.chunks = &s->chunk;
	word_init(&s->chunk, (uintptr_t)&s->number);
	mutex_init(&s->number.lock);
	s->number.serial = 0;
	s->number.events = events;
	s->number.associated = events != 0;
	s->number.user = s->number.associated ? &s->pd : NULL;
	s->number.owner = &s->pd;
	word_init(&s->file, WORLD_OUT);
	word_init(&s->watched, events);
}

static inline void send_one(struct state *s)
{
	/* pairs with: readiness() load */
	fetch_add_acq_rel(&s->file, MESSAGE);
}

/* All messages; 0: none. The reader's, who is the only one to take. The kernel
 * locks the file for such calls: read-modify-writes stand for it. */
static inline uint32_t take_all(struct state *s)
{
	/* pairs with: send_one() */
	uint32_t n = load_acquire(&s->file) / MESSAGE;
	if (n)
		/* pairs with: readiness() load */
		fetch_add_acq_rel(&s->file, (uint32_t)-(n * MESSAGE));
	return n;
}

/* For poll_io(). */
static inline int64_t read_messages(void *state)
{
	int64_t n = take_all(state);
	return n ? n : -EAGAIN;
}

static inline bool parked_in_vain(const struct state *s)
{
	/* Nothing moves any more. */
	return !(s->number.associated && (s->number.events & WORLD_IN));
}

/* Closes, and has the number opened by somebody else at once. */
static inline void close_and_reopen(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poll_unblock(&s->pd);
	poll_close(&s->pd);
	s->port.ops->opened(&s->port, NUMBER, &s->other);
	s->port.ops->associate(&s->port, NUMBER, 0, &s->other);
}

/* An association was made by somebody who did not have the number. */
static inline bool is_stale(const struct state *s)
{
	/* relaxed: nothing moves any more */
	return load_relaxed((word32 *)&s->port.stale) != 0;
}

#endif
