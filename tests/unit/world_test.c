/* links: stress/world.c */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "stress/world.h"
#include "tests/unit/check.h"

#define MS INT64_C(1000000)

static word32 flag;

static void raise_flag(void *arg)
{
	/* pairs with: the load after the join, or the sleeper's */
	store_release((word32 *)arg, 7);
	world_futex_wake(arg, 1);
}

TEST(threads_run_and_are_joined)
{
	world_thread t;
	word_init(&flag, 0);
	CHECK_EQ(world_thread_start(&t, raise_flag, &flag), 0);
	world_thread_join(t);
	CHECK_EQ(load_relaxed(&flag), 7);
}

TEST(locals_belong_to_threads)
{
	int here;
	CHECK(!world_local());
	world_set_local(&here);
	CHECK_EQ(world_local(), &here);
	world_set_local(NULL);
}

TEST(futex_sleeps_only_while_the_word_holds_the_value)
{
	world_thread t;
	word_init(&flag, 0);
	CHECK_EQ(world_futex_wait(&flag, 1, -1), 0);
	CHECK_EQ(world_thread_start(&t, raise_flag, &flag), 0);
	while (load_relaxed(&flag) == 0)
		CHECK_EQ(world_futex_wait(&flag, 0, -1), 0);
	world_thread_join(t);
	CHECK_EQ(world_futex_wake(&flag, 1), 0);
}

TEST(futex_limits_are_nanoseconds)
{
	int64_t start = world_now();
	word_init(&flag, 0);
	CHECK_EQ(world_futex_wait(&flag, 0, 20 * MS), -ETIMEDOUT);
	CHECK(world_now() - start >= 20 * MS);
	CHECK_EQ(world_futex_wait(&flag, 0, 0), -ETIMEDOUT);
}

TEST(time_goes_on)
{
	int64_t last = world_now();
	CHECK(last > 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now = world_now();
		CHECK(now >= last);
		last = now;
	}
}

TEST(fatal_says_why_and_ends_the_process)
{
	CHECK_DIES(world_fatal("the invariant"), "fatal: the invariant\n");
}

TEST(memory_is_zeroed_and_aligned)
{
	unsigned char *p = world_map(10000);
	CHECK_EQ((uintptr_t)p % 4096, 0);
	for (int i = 0; i < 10000; i++)
		CHECK_EQ(p[i], 0);
	memset(p, 1, 10000);
	world_unmap(p, 10000);
}

TEST(pipes_never_block_and_errors_are_negative)
{
	int fd[2];
	char c = 'x';
	CHECK_EQ(world_pipe(fd), 0);
	errno = 0;
	CHECK_EQ(world_read(fd[0], &c, 1), -EAGAIN);
	CHECK_EQ(world_write(fd[1], "ab", 2), 2);
	CHECK_EQ(world_read(fd[0], &c, 1), 1);
	CHECK_EQ(c, 'a');
	CHECK_EQ(world_close(fd[1]), 0);
	CHECK_EQ(world_read(fd[0], &c, 1), 1);
	CHECK_EQ(world_read(fd[0], &c, 1), 0);
	CHECK_EQ(world_close(fd[0]), 0);
	CHECK_EQ(world_close(fd[0]), -EBADF);
	CHECK_EQ(world_read(fd[0], &c, 1), -EBADF);
	CHECK_EQ(world_write(fd[0], &c, 1), -EBADF);
}

TEST(sockets_and_counters)
{
	int fd[2];
	uint64_t n = 3;
	CHECK_EQ(world_socketpair(fd), 0);
	CHECK_EQ(world_write(fd[0], "q", 1), 1);
	CHECK_EQ(world_read(fd[1], &n, sizeof n), 1);
	CHECK_EQ(world_read(fd[1], &n, sizeof n), -EAGAIN);
	world_close(fd[0]);
	CHECK_EQ(world_read(fd[1], &n, sizeof n), 0);
	world_close(fd[1]);
	int counter = world_eventfd();
	CHECK(counter >= 0);
	CHECK_EQ(world_read(counter, &n, sizeof n), -EAGAIN);
	n = 3;
	CHECK_EQ(world_write(counter, &n, sizeof n), sizeof n);
	CHECK_EQ(world_write(counter, &n, sizeof n), sizeof n);
	CHECK_EQ(world_read(counter, &n, sizeof n), sizeof n);
	CHECK_EQ(n, 6);
	world_close(counter);
}

TEST(readiness_by_edges)
{
	int fd[2], epoll = world_epoll_create();
	struct world_event event[2];
	CHECK(epoll >= 0);
	CHECK_EQ(world_pipe(fd), 0);
	uint64_t data = 0xabcdef0123456789;
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_ADD, fd[0], WORLD_IN | WORLD_EDGE, data), 0);
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_ADD, fd[0], WORLD_IN, 1), -EEXIST);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), 0);
	CHECK_EQ(world_write(fd[1], "x", 1), 1);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 1000), 1);
	CHECK_EQ(event[0].events, WORLD_IN);
	CHECK_EQ(event[0].data, data);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), 0);
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_MOD, fd[0], WORLD_IN | WORLD_ONESHOT, 2), 0);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), 1);
	CHECK_EQ(event[0].data, 2);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), 0);
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_DEL, fd[0], 0, 0), 0);
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_DEL, fd[0], 0, 0), -ENOENT);
	char c;
	CHECK_EQ(world_read(fd[0], &c, 1), 1);
	world_close(fd[1]);
	CHECK_EQ(world_epoll_ctl(epoll, WORLD_ADD, fd[0], WORLD_IN, 3), 0);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), 1);
	CHECK_EQ(event[0].events, WORLD_HUP);
	world_close(fd[0]);
	world_close(epoll);
	CHECK_EQ(world_epoll_wait(epoll, event, 2, 0), -EBADF);
}

static pthread_t sleeper;

static void nothing(int signal)
{
	(void)signal;
}

/* Disturbs the sleeper until it says that it woke. */
static void disturb(void *arg)
{
	(void)arg;
	int64_t end = world_now() + 30000 * MS;
	/* pairs with: the sleeper's store */
	while (load_acquire(&flag) == 0 && world_now() < end) {
		pthread_kill(sleeper, SIGUSR1);
		world_yield();
	}
}

TEST(interrupted_waits_say_so)
{
	world_thread t;
	struct world_event event;
	struct sigaction action = { .sa_handler = nothing };
	int epoll = world_epoll_create();
	word_init(&flag, 0);
	sleeper = pthread_self();
	sigaction(SIGUSR1, &action, NULL);
	CHECK_EQ(world_thread_start(&t, disturb, NULL), 0);
	CHECK_EQ(world_epoll_wait(epoll, &event, 1, 60000), -EINTR);
	CHECK_EQ(world_futex_wait(&flag, 0, -1), 0); /* spurious, by the signal */
	/* pairs with: disturb()'s load */
	store_release(&flag, 1);
	world_thread_join(t);
	world_close(epoll);
}

TEST(connections_are_complete_at_once)
{
	char byte = 'x';
	int listener = world_listen();
	CHECK(listener >= 0);
	CHECK_EQ(world_accept(listener), -EAGAIN);
	int client = world_connect(listener);
	CHECK(client >= 0);
	CHECK_EQ(world_write(client, &byte, 1), 1);
	int server = world_accept(listener);
	CHECK(server >= 0);
	CHECK_EQ(world_read(server, &byte, 1), 1);
	CHECK_EQ(world_connect(-1), -EBADF);
	world_close(server);
	CHECK_EQ(world_read(client, &byte, 1), 0);
	world_close(client);
	world_close(listener);
}
