/* Goroutines that open, use and close descriptors of their own at once, and
 * share one: what the poller keeps for all of them stays in order. On threads,
 * with a polling thread and a timer thread.
 */
#ifndef FUZZ_CHECKS_POLLER_BUSTLE_H
#define FUZZ_CHECKS_POLLER_BUSTLE_H

#include <errno.h>

#include "base/threads.h"
#include "checks/must.h"
#include "poller/fd.h"
#include "poller/loop.h"

enum { USERS = 3, LIVES = 2, SOON = 1000 };

struct state {
	struct poller poller;
	word32 stop;
	world_thread loop;
	struct g main;
	struct thread_goroutine user[USERS];
	struct poll_fd in, out; /* shared: each user writes a byte a life */
	const struct poll_backend *backend;
};

static void open_pair(struct state *s, struct poll_fd *a, struct poll_fd *b)
{
	int fd[2];
	must(world_socketpair(fd) == 0 && fd_open(a, &s->poller, fd[0]) == 0 &&
		     fd_open(b, &s->poller, fd[1]) == 0, "a stream was not opened");
	must(a->pd != b->pd, "two descriptors are one");
}

/* One life of a pair of its own; nobody else knows it. */
static void live(struct state *s)
{
	struct poll_fd a, b;
	char byte = '!';
	open_pair(s, &a, &b);
	must(fd_set_deadline(&b, world_now() + SOON, POLL_READ) == 0, "no deadline");
	must(fd_read(&b, &byte, 1) == -ETIMEDOUT, "another's byte, or another's deadline");
	must(fd_set_deadline(&b, 0, POLL_READ) == 0, "no end of a deadline");
	must(fd_write(&a, &byte, 1) == 1 && fd_read(&b, &byte, 1) == 1 && byte == '!',
	     "a byte was lost");
	must(fd_close(&a) == 0 && fd_read(&b, &byte, 1) == 0, "no end of a stream");
	must(fd_close(&b) == 0 && fd_close(&b) == -EBADF, "closed twice");
}

static void use(void *state)
{
	struct state *s = state;
	char byte = 'x';
	for (int i = 0; i < LIVES; i++) {
		live(s);
		/* Where nobody waits: the clock may get there. */
		must(fd_set_deadline(&s->out, world_now() + SOON, POLL_READ) == 0 &&
			     fd_write(&s->out, &byte, 1) == 1, "a descriptor cannot be shared");
	}
}

static void bustle_poll(void *state)
{
	struct state *s = state;
	poller_loop(&s->poller, &s->stop);
}

static void listen(struct state *s)
{
	char byte;
	for (int i = 0; i < USERS * LIVES; i++)
		must(fd_read(&s->in, &byte, 1) == 1 && byte == 'x', "a byte was lost");
	must(fd_set_deadline(&s->in, world_now() - 1, POLL_READ) == 0 &&
		     fd_read(&s->in, &byte, 1) == -ETIMEDOUT, "more bytes than were written");
}

static void bustle_run(void *state, struct slot *me)
{
	struct state *s = state;
	world_set_local(&s->main);
	must(threads_start() == 0 && world_thread_start(&s->loop, bustle_poll, s) == 0,
	     "too few threads");
	open_pair(s, &s->in, &s->out);
	for (int i = 0; i < USERS; i++)
		must(thread_goroutine_start(&s->user[i], use, s) == 0, "too few threads");
	listen(s);
	for (int i = 0; i < USERS; i++)
		thread_goroutine_join(&s->user[i]);
	must(fd_close(&s->in) == 0 && fd_close(&s->out) == 0, "not closed");
	must(s->poller.in_use == 0, "descriptors are counted wrong");
	store_release(&s->stop, 1); /* pairs with: poller_loop() load — then a wake */
	s->backend->wake(&s->poller);
	world_thread_join(s->loop);
	threads_stop(); /* first: a timer may still fire for a closed descriptor */
	must(!s->backend->stale || s->backend->stale(&s->poller) == 0, "another's number was used");
	poller_stop(&s->poller);
	/* relaxed: nobody is left, who would count */
	must(load_relaxed(&s->poller.waiters) == 0, "somebody is counted as a waiter");
	came_through(me);
}

static inline void bustle_prepare(struct state *s, const struct poll_backend *backend)
{
	runtime = &threads_runtime;
	s->backend = backend;
	word_init(&s->stop, 0);
	word_init(&s->main.status, G_RUNNING);
	must(poller_start(&s->poller, backend) == 0, "no poller to begin with");
}

#define BUSTLE_CASE                                                                \
	.purpose = "goroutines open, use and close descriptors at once",    \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "main", bustle_run } },                                       \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
