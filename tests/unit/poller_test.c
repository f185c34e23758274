/* links: targets/base targets/poller stress/world.c */
/* The fixed poller on a real backend, one thread per goroutine; on epoll, or on
 * what whoever includes this file names. */
#include <errno.h>
#include <fcntl.h>

#include "base/threads.h"
#include "poller/fd.h"
#include "poller/info.h"
#include "poller/loop.h"
#include "tests/unit/check.h"

#define MS INT64_C(1000000)
#ifndef BACKEND
#define BACKEND epoll_backend
#endif

static struct poller poller;
static word32 stopping;
static world_thread polling;

static void poll_main(void *arg)
{
	(void)arg;
	poller_loop(&poller, &stopping);
}

static void begin(void)
{
	runtime = &threads_runtime;
	store_relaxed(&stopping, 0);
	CHECK_EQ(threads_start(), 0);
	CHECK_EQ(poller_start(&poller, &BACKEND), 0);
	CHECK_EQ(world_thread_start(&polling, poll_main, NULL), 0);
}

static void end(void)
{
	store_release(&stopping, 1);
	poller.backend->wake(&poller);
	world_thread_join(polling);
	threads_stop(); /* first: a timer may still fire for a closed descriptor */
	CHECK_EQ(load_relaxed(&poller.waiters), 0);
	poller_stop(&poller);
}

/* One goroutine that reads from one end of a socket pair. */
struct reader {
	struct thread_goroutine t;
	struct poll_fd fd;
	int peer;
	int64_t got;
	char byte;
};

static void read_one(void *arg)
{
	struct reader *r = arg;
	r->got = fd_read(&r->fd, &r->byte, 1);
}

static void open_pair(struct reader *r)
{
	int pair[2];
	CHECK_EQ(world_socketpair(pair), 0);
	CHECK_EQ(fd_open(&r->fd, &poller, pair[0]), 0);
	r->peer = pair[1];
	r->got = 99;
}

/* Waits until the reader is in the semaphore; by state, not by time. */
static void await_parked(struct reader *r)
{
	while (load_acquire(&r->fd.pd->rg) <= SEM_WAIT)
		world_yield();
}

static void close_main(void *arg)
{
	CHECK_EQ(fd_close(arg), 0);
}

static void close_pair(struct reader *r)
{
	struct thread_goroutine t;
	CHECK_EQ(thread_goroutine_start(&t, close_main, &r->fd), 0);
	thread_goroutine_join(&t);
	world_close(r->peer);
}

static void start_parked(struct reader *r)
{
	open_pair(r);
	CHECK_EQ(thread_goroutine_start(&r->t, read_one, r), 0);
	await_parked(r);
}

TEST(a_parked_reader_is_woken_by_input)
{
	struct reader r;
	begin();
	start_parked(&r);
	CHECK_EQ(load_relaxed(&poller.waiters), 1);
	CHECK_EQ(world_write(r.peer, "x", 1), 1);
	thread_goroutine_join(&r.t);
	CHECK_EQ(r.got, 1);
	CHECK_EQ(r.byte, 'x');
	close_pair(&r);
	end();
}

TEST(a_parked_reader_is_evicted_by_close)
{
	struct reader r;
	begin();
	start_parked(&r);
	close_pair(&r);
	thread_goroutine_join(&r.t);
	CHECK_EQ(r.got, -EBADF);
	CHECK_EQ(fd_read(&r.fd, &r.byte, 1), -EBADF);
	CHECK_EQ(fd_set_deadline(&r.fd, 1, POLL_READ), -EBADF);
	CHECK_EQ(fd_close(&r.fd), -EBADF);
	end();
}

TEST(a_deadline_in_the_past_evicts)
{
	struct reader r;
	begin();
	start_parked(&r);
	CHECK_EQ(fd_set_deadline(&r.fd, -1, POLL_READ), 0);
	thread_goroutine_join(&r.t);
	CHECK_EQ(r.got, -ETIMEDOUT);
	CHECK_EQ(fd_read(&r.fd, &r.byte, 1), -ETIMEDOUT);
	CHECK_EQ(fd_set_deadline(&r.fd, 0, POLL_READ), 0);
	CHECK_EQ(world_write(r.peer, "y", 1), 1);
	CHECK_EQ(fd_read(&r.fd, &r.byte, 1), 1);
	close_pair(&r);
	end();
}

TEST(a_deadline_in_the_future_fires_once_it_is_over)
{
	struct reader r;
	begin();
	open_pair(&r);
	int64_t start = world_now();
	CHECK_EQ(fd_set_deadline(&r.fd, 20 * MS, POLL_READ | POLL_WRITE), 0);
	CHECK(r.fd.pd->rt_armed && !r.fd.pd->wt_armed); /* combined: one timer */
	CHECK_EQ(thread_goroutine_start(&r.t, read_one, &r), 0);
	thread_goroutine_join(&r.t);
	CHECK(world_now() - start >= 20 * MS);
	CHECK_EQ(r.got, -ETIMEDOUT);
	CHECK_EQ(poll_check_error(r.fd.pd, POLL_WRITE), POLL_TIMEOUT);
	CHECK_EQ(fd_set_deadline(&r.fd, 0, POLL_WRITE), 0);
	CHECK_EQ(poll_check_error(r.fd.pd, POLL_WRITE), POLL_OK);
	CHECK_EQ(poll_check_error(r.fd.pd, POLL_READ), POLL_TIMEOUT);
	close_pair(&r);
	end();
}

TEST(a_deadline_moved_or_cleared_does_not_fire)
{
	struct reader r;
	begin();
	start_parked(&r);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(fd_set_deadline(&r.fd, (i % 5 + 1) * 1000 * MS, i % 3 + 1), 0);
	CHECK_EQ(fd_set_deadline(&r.fd, INT64_MAX, POLL_READ | POLL_WRITE), 0);
	CHECK_EQ((int64_t)r.fd.pd->rd, INT64_MAX); /* saturated */
	CHECK(r.fd.pd->rt_armed && !r.fd.pd->wt_armed);
	CHECK_EQ(fd_set_deadline(&r.fd, 0, POLL_READ | POLL_WRITE), 0);
	CHECK(!r.fd.pd->rt_armed && !r.fd.pd->wt_armed);
	CHECK_EQ(world_write(r.peer, "z", 1), 1);
	thread_goroutine_join(&r.t);
	CHECK_EQ(r.got, 1);
	close_pair(&r);
	end();
}

TEST(a_stale_event_finds_another_generation)
{
	struct reader r;
	struct g *list[2];
	int waiters = 0;
	begin();
	open_pair(&r);
	struct poll_desc *pd = r.fd.pd;
	uint32_t seq = pd->fd_seq;
	close_pair(&r);
	open_pair(&r);
	CHECK(r.fd.pd == pd); /* last in, first out */
	CHECK(pd->fd_seq != seq);
	poll_set_event_error(pd, true, seq);
	CHECK_EQ(poll_check_error(pd, POLL_READ), POLL_OK);
	poll_set_event_error(pd, true, pd->fd_seq);
	CHECK_EQ(poll_check_error(pd, POLL_READ), POLL_NOT_POLLABLE);
	CHECK_EQ(poll_check_error(pd, POLL_WRITE), POLL_OK);
	poll_set_event_error(pd, false, pd->fd_seq);
	CHECK_EQ(poll_ready(pd, POLL_READ | POLL_WRITE, list, &waiters), 0);
	CHECK_EQ(load_relaxed(&pd->rg), SEM_READY);
	CHECK_EQ(poll_reset(pd, POLL_READ), POLL_OK);
	CHECK_EQ(load_relaxed(&pd->rg), SEM_NIL);
	close_pair(&r);
	end();
}

TEST(only_a_blocking_poll_takes_a_wake)
{
	CHECK_EQ(poller_start(&poller, &BACKEND), 0);
	runtime = &threads_runtime;
	poller.backend->wake(&poller);
	poller.backend->wake(&poller);
	CHECK_EQ(load_relaxed(&poller.wake_pending), 1);
	CHECK_EQ(poller_once(&poller, 0), 0);
	CHECK_EQ(load_relaxed(&poller.wake_pending), 1);
	CHECK_EQ(poller_once(&poller, -1), 0); /* returns, for it was woken */
	CHECK_EQ(load_relaxed(&poller.wake_pending), 0);
	poller.backend->wake(&poller);
	CHECK_EQ(poller_once(&poller, -1), 0); /* and again */
	CHECK_EQ(poller_once(&poller, 2 * MS), 0);
	poller_stop(&poller);
}

TEST(an_unpollable_descriptor_is_refused_and_not_leaked)
{
	struct poll_desc *pd;
	CHECK_EQ(poller_start(&poller, &BACKEND), 0);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0);
	CHECK_EQ(poll_open(&poller, file, &pd), -EPERM);
	CHECK_EQ(poll_open(&poller, -1, &pd), -EBADF);
	CHECK_EQ(poller.in_use, 0);
	world_close(file);
	poller_stop(&poller);
}

static void wait_for_readiness(void *arg)
{
	struct reader *r = arg;
	poll_wait_canceled(r->fd.pd, POLL_READ);
	r->got = 1;
}

TEST(a_canceled_wait_outlasts_deadlines)
{
	struct reader r;
	begin();
	open_pair(&r);
	CHECK_EQ(thread_goroutine_start(&r.t, wait_for_readiness, &r), 0);
	await_parked(&r);
	CHECK_EQ(fd_set_deadline(&r.fd, -1, POLL_READ), 0);
	await_parked(&r); /* woken, and back to waiting */
	CHECK_EQ(r.got, 99);
	CHECK_EQ(world_write(r.peer, "x", 1), 1);
	thread_goroutine_join(&r.t);
	CHECK_EQ(r.got, 1);
	close_pair(&r);
	end();
}

static struct poll_desc *fresh(void)
{
	int pair[2];
	struct poll_desc *pd;
	poller_start(&poller, &BACKEND);
	world_socketpair(pair);
	poll_open(&poller, pair[0], &pd);
	return pd;
}

static void unblock_twice(void)
{
	struct poll_desc *pd = fresh();
	poll_unblock(pd);
	poll_unblock(pd);
}

static void close_under_waiter(void)
{
	struct poll_desc *pd = fresh();
	poll_unblock(pd);
	store_relaxed(&pd->rg, SEM_WAIT);
	poll_close(pd);
}

static void wait_twice(void)
{
	struct poll_desc *pd = fresh();
	store_relaxed(&pd->rg, SEM_WAIT);
	poll_block(pd, POLL_READ, false);
}

static void fire_unset(void)
{
	struct poll_desc *pd = fresh();
	poll_read_deadline(pd, pd->rseq);
}

static void fire_unset_write(void)
{
	struct poll_desc *pd = fresh();
	poll_write_deadline(pd, pd->wseq);
}

static void reopen_with_waiter(void)
{
	struct poll_desc *pd = fresh();
	poll_unblock(pd);
	poll_close(pd);
	store_relaxed(&pd->wg, SEM_WAIT);
	poll_open(&poller, 0, &pd);
}

static void ready_running(void)
{
	struct g g = { 0 };
	threads_runtime.ready(&g);
}

TEST(broken_invariants_are_fatal)
{
	CHECK_DIES(unblock_twice(), "descriptor unblocked twice");
	CHECK_DIES(poll_close(fresh()), "closed without unblock");
	CHECK_DIES(close_under_waiter(), "closed under its waiter");
	CHECK_DIES(wait_twice(), "double wait");
	CHECK_DIES(fire_unset(), "read deadline fired, but none is set");
	CHECK_DIES(fire_unset_write(), "write deadline fired, but none is set");
	CHECK_DIES(reopen_with_waiter(), "a free descriptor has a waiter");
	CHECK_DIES(ready_running(), "does not wait");
	CHECK_DIES((fresh(), poller_stop(&poller)), "stopped while a descriptor is open");
}

/* Many readers, each woken in its own way, over and over. */
static void many(int n, int turns)
{
	struct reader *r = calloc(n, sizeof *r);
	begin();
	for (int turn = 0; turn < turns; turn++) {
		for (int i = 0; i < n; i++) {
			open_pair(&r[i]);
			CHECK_EQ(thread_goroutine_start(&r[i].t, read_one, &r[i]), 0);
		}
		for (int i = 0; i < n; i++) {
			if (i % 4 == 0)
				CHECK_EQ(world_write(r[i].peer, "x", 1), 1);
			else if (i % 4 == 1)
				CHECK_EQ(fd_set_deadline(&r[i].fd, i % 3 ? -1 : MS, POLL_READ), 0);
			else if (i % 4 == 2)
				CHECK_EQ(fd_set_deadline(&r[i].fd, MS, POLL_READ | POLL_WRITE), 0);
			else
				close_pair(&r[i]);
		}
		for (int i = 0; i < n; i++) {
			thread_goroutine_join(&r[i].t);
			CHECK_EQ(r[i].got, i % 4 == 0 ? 1 : i % 4 == 3 ? -EBADF : -ETIMEDOUT);
			if (i % 4 != 3)
				close_pair(&r[i]);
		}
	}
	CHECK_EQ(poller.in_use, 0);
	end();
	free(r);
}

TEST(many_readers_all_come_back)
{
	many(40, 10);
}

TEST(timers_fire_in_order_and_all)
{
	many(8, 2);
}
