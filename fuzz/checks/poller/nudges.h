/* A backend's calls, one after the other, for descriptors whose waiters are put
 * there by hand: who is told of what, how long a poll takes, what wakes it.
 */
#ifndef FUZZ_CHECKS_POLLER_NUDGES_H
#define FUZZ_CHECKS_POLLER_NUDGES_H

#include "checks/must.h"
#include "poller/info.h"
#include "poller/poller.h"
#include "world.h"

enum { MOST = 256, LONG_NS = 3000000, LIVES = 2 };
#define FAR_NS INT64_C(2000000000000000) /* longer than a system can wait */

struct state {
	struct poller poller;
	const struct poll_backend *backend;
	struct poll_desc *pd;
	struct g reader, writer;
	world_thread waker;
	word32 never;
	int fd[2];
};

static unsigned polled(struct state *s, int64_t delay, struct g **list, int *waiters)
{
	return s->backend->poll(&s->poller, delay, list, waiters);
}

static void nobody_comes(struct state *s, int64_t delay)
{
	struct g *list[MOST];
	int waiters = 1;
	must(polled(s, delay, list, &waiters) == 0 && waiters == 0,
	     "somebody is ready for nothing");
}

/* As poll_wait() and its commit would leave them. */
static void wait_for(struct state *s, int mode)
{
	if (s->backend->arm)
		s->backend->arm(s->pd, mode);
	if (mode == POLL_READ)
		sem_store(&s->pd->rg, (uintptr_t)&s->reader);
	else
		sem_store(&s->pd->wg, (uintptr_t)&s->writer);
}

static void comes(struct state *s, int64_t delay, const struct g *g, wordptr *sem)
{
	struct g *list[MOST];
	int waiters = 0;
	must(polled(s, delay, list, &waiters) == 1 && list[0] == g && waiters == -1,
	     "another waiter is ready, or none");
	must(sem_load(sem) == SEM_READY, "readiness was not left behind");
	sem_store(sem, SEM_NIL);
}

static void put_byte(struct state *s)
{
	char byte = '!';
	must(world_write(s->fd[1], &byte, 1) == 1, "a byte was not written");
}

static void take_byte(struct state *s)
{
	char byte;
	must(world_read(s->fd[0], &byte, 1) == 1, "a byte was not read");
}

static void how_long(struct state *s)
{
	int64_t start = world_now();
	nobody_comes(s, 0);
	must(world_now() == start, "a poll that does not wait took time");
	nobody_comes(s, LONG_NS);
	must(world_now() - start >= LONG_NS, "a poll ended too early");
	must(world_now() - start < 2 * LONG_NS, "a poll ended too late");
	start = world_now();
	nobody_comes(s, 1);
	must(world_now() > start, "a short wait is none");
}

/* A wake ends one poll that waits, now or later, and no other one. */
static void wakes(struct state *s)
{
	for (int times = 0; times < 2; times++) {
		s->backend->wake(&s->poller);
		s->backend->wake(&s->poller);
		nobody_comes(s, 0);
		nobody_comes(s, -1);
		int64_t start = world_now();
		nobody_comes(s, LONG_NS);
		must(world_now() - start >= LONG_NS, "a wake ended two polls");
	}
	wait_for(s, POLL_READ);
	put_byte(s);
	s->backend->wake(&s->poller);
	comes(s, 0, &s->reader, &s->pd->rg);
	nobody_comes(s, -1);
	take_byte(s);
}

static void readiness(struct state *s)
{
	for (int times = 0; times < 2; times++) {
		wait_for(s, POLL_READ);
		put_byte(s);
		comes(s, times ? -1 : LONG_NS, &s->reader, &s->pd->rg);
		take_byte(s);
	}
	wait_for(s, POLL_WRITE);
	must(!s->backend->arm || s->pd->user != 0, "what was asked for is not known");
	put_byte(s); /* an event of epoll's tells of all that holds */
	comes(s, FAR_NS, &s->writer, &s->pd->wg);
	take_byte(s);
	sem_store(&s->pd->rg, SEM_NIL);
	must(poll_check_error(s->pd, POLL_READ) == POLL_OK, "an event told of an error");
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->pd->ended) == 0, "an event told of an end");
}

static void wake_late(void *state)
{
	struct state *s = state;
	world_futex_wait(&s->never, 0, LONG_NS);
	s->backend->wake(&s->poller);
}

/* A poll with a time-out that is interrupted ends, and whoever waits works out
 * anew how long; one without goes on. */
static void interrupted(struct state *s)
{
	int64_t start = world_now();
	world_interrupt(1);
	nobody_comes(s, LONG_NS);
	must(world_now() == start, "a poll that was interrupted waits on");
	word_init(&s->never, 0);
	must(world_thread_start(&s->waker, wake_late, s) == 0, "too few threads");
	world_interrupt(2);
	nobody_comes(s, -1);
	must(world_now() - start >= LONG_NS, "a poll without an end was interrupted");
	world_thread_join(s->waker);
	wait_for(s, POLL_READ);
	put_byte(s);
	world_interrupt(1);
	comes(s, 0, &s->reader, &s->pd->rg);
	take_byte(s);
	wait_for(s, POLL_READ);
	s->backend->wake(&s->poller); /* which such a poll is not meant by */
	put_byte(s);
	world_interrupt(3);
	comes(s, 0, &s->reader, &s->pd->rg);
	nobody_comes(s, -1);
	take_byte(s);
}

/* The stream's end readies both. */
static void end(struct state *s)
{
	struct g *list[MOST];
	int waiters = 0;
	wait_for(s, POLL_READ);
	must(world_close(s->fd[1]) == 0, "not closed");
	must(polled(s, -1, list, &waiters) == 1 && list[0] == &s->reader && waiters == -1,
	     "the end of a stream readies nobody");
	/* relaxed: nobody else is there */
	must(!s->backend->tells_errors || load_relaxed(&s->pd->ended) == 1,
	     "the end of a stream is not known");
	must(sem_load(&s->pd->wg) == SEM_READY, "the end of a stream is no news to a writer");
}

/* An error and nothing else, as of a full pipe that nobody reads any more. */
static void error(struct state *s)
{
	char bytes[512] = { 0 };
	struct poll_desc *pd;
	int fd[2];
	must(world_pipe(fd) == 0 && poll_open(&s->poller, fd[1], &pd) == 0, "no pipe");
	while (world_write(fd[1], bytes, sizeof bytes) > 0)
		;
	nobody_comes(s, 0);
	must(world_close(fd[0]) == 0, "not closed");
	if (s->backend->tells_errors) {
		nobody_comes(s, 0);
		must(poll_check_error(pd, POLL_READ) == POLL_NOT_POLLABLE, "an error is not told");
	}
	poll_unblock(pd);
	poll_close(pd);
	must(world_close(fd[1]) == 0, "not closed");
}

static void one_life(struct state *s)
{
	must(world_socketpair(s->fd) == 0 && poll_open(&s->poller, s->fd[0], &s->pd) == 0,
	     "not opened");
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->pd->ended) == 0 && !s->pd->drained, "the end of another life");
	how_long(s);
	readiness(s);
	wakes(s);
	interrupted(s);
	end(s);
	poll_unblock(s->pd);
	poll_close(s->pd);
	must(world_close(s->fd[0]) == 0, "not closed");
}

static void nudges_run(void *state, struct slot *me)
{
	struct state *s = state;
	must(poller_start(&s->poller, s->backend) == 0, "no poller");
	for (int life = 0; life < LIVES; life++) {
		one_life(s);
		error(s);
	}
	must(!s->backend->stale || s->backend->stale(&s->poller) == 0, "another's number was used");
	poller_stop(&s->poller);
	came_through(me);
}

#define NUDGES_CASE                                                                \
	.purpose = "a backend's calls, one after the other",                       \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "user", nudges_run } },                                       \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
