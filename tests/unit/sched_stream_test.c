/* links: targets/sched targets/base/?*.c stress/world.c */
/* also: tsan */
/* Streams: what a read or a write need not try before it waits. */
#include <errno.h>

#include "poller/fd.h"
#include "tests/unit/sched_run.h"

#define MS INT64_C(1000000)

enum { WORDS = 3, ROOM = 64, PARTS = 4000 };

struct stream {
	struct poll_fd f;
	int peer;
	word32 read, written; /* how often; as far as a test counts them */
};

/* The end comes with the last bytes, and with no event of its own. */
static void read_to_the_end(void *arg)
{
	static struct stream s;
	char buffer[ROOM];
	int fd[2];
	CHECK_EQ(world_socketpair(fd), 0);
	CHECK_EQ(fd_open(&s.f, sched_poller(), fd[0]), 0);
	CHECK_EQ(world_write(fd[1], "abc", WORDS), WORDS);
	world_close(fd[1]);
	go_sleep(MS);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), WORDS);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), 0);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), 0);
	CHECK_EQ(fd_close(&s.f), 0);
	count(arg);
}

TEST(an_end_that_comes_with_the_last_bytes_is_read)
{
	word_init(&ran, 0);
	run(2, read_to_the_end, (void *)1);
	CHECK_EQ(load_relaxed(&ran), 1);
}

static void write_later(void *arg)
{
	struct stream *s = arg;
	for (uint32_t i = 0; i < 2; i++) {
		do
			go_sleep(MS);
		while (load_acquire(&s->read) < i);
		CHECK_EQ(world_write(s->peer, "abc", WORDS), WORDS);
		store_release(&s->written, i + 1);
	}
	go_sleep(MS);
	world_close(s->peer);
}

/* A short read has taken all there was: what comes later is waited for, and so
 * is the end. */
static void read_what_comes_later(void *arg)
{
	static struct stream s;
	char buffer[ROOM];
	int fd[2];
	CHECK_EQ(world_socketpair(fd), 0);
	s.peer = fd[1];
	word_init(&s.read, 0);
	word_init(&s.written, 0);
	CHECK_EQ(fd_open(&s.f, sched_poller(), fd[0]), 0);
	go(write_later, &s);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), WORDS);
	CHECK_EQ(fd_read(&s.f, buffer, 0), 0);
	store_release(&s.read, 1);
	while (load_acquire(&s.written) < 2)
		go_sleep(MS); /* what comes now finds nobody waiting */
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), WORDS);
	CHECK_EQ(fd_set_deadline(&s.f, -1, POLL_READ), 0);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), -ETIMEDOUT);
	CHECK_EQ(fd_set_deadline(&s.f, 0, POLL_READ), 0);
	CHECK_EQ(fd_read(&s.f, buffer, ROOM), 0);
	CHECK_EQ(fd_close(&s.f), 0);
	count(arg);
}

TEST(a_short_read_loses_nothing_that_comes_later)
{
	word_init(&ran, 0);
	run(2, read_what_comes_later, (void *)1);
	CHECK_EQ(load_relaxed(&ran), 1);
}

static void take_it_all(void *arg)
{
	struct stream *s = arg;
	char buffer[ROOM];
	for (int left = PARTS * ROOM; left > 0;) {
		int64_t n = world_read(s->peer, buffer, ROOM);
		left -= n > 0 ? (int)n : 0;
		if (n < 0)
			go_sleep(MS / 10);
	}
	world_close(s->peer);
}

/* Writability is asked for when somebody first waits for it. */
static void write_more_than_fits(void *arg)
{
	static struct stream s;
	static const char buffer[ROOM];
	int fd[2];
	CHECK_EQ(world_socketpair(fd), 0);
	s.peer = fd[1];
	CHECK_EQ(fd_open(&s.f, sched_poller(), fd[0]), 0);
	go(take_it_all, &s);
	for (int i = 0; i < PARTS; i++)
		CHECK_EQ(fd_write(&s.f, buffer, ROOM), ROOM);
	CHECK_EQ(fd_close(&s.f), 0);
	count(arg);
}

TEST(a_writer_waits_for_room)
{
	word_init(&ran, 0);
	run(2, write_more_than_fits, (void *)1);
	CHECK_EQ(load_relaxed(&ran), 1);
}
