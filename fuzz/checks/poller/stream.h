/* A stream over a backend: more bytes than its buffer holds, a reader that
 * times out first, the stream's end, and a second life that is closed under its
 * reader. On threads, with a polling thread and a timer thread.
 */
#ifndef FUZZ_CHECKS_POLLER_STREAM_H
#define FUZZ_CHECKS_POLLER_STREAM_H

#include <errno.h>
#include <string.h>

#include "base/threads.h"
#include "checks/must.h"
#include "poller/fd.h"
#include "poller/loop.h"

enum { CHUNK = 1500, CHUNKS = 6, TO_READ = 2000, SOON = 1000 };

struct state {
	struct poller poller;
	word32 stop;
	world_thread loop;
	struct g main;
	struct thread_goroutine reader, writer;
	struct poll_fd a, b; /* written, and read */
	const struct poll_backend *backend;
};

static void write_all(void *state)
{
	struct state *s = state;
	unsigned char chunk[CHUNK];
	for (int i = 0; i < CHUNKS; i++) {
		memset(chunk, i + 1, sizeof chunk);
		for (size_t done = 0; done < sizeof chunk;) {
			int64_t n = fd_write(&s->a, chunk + done, sizeof chunk - done);
			must(n > 0 && (size_t)n <= sizeof chunk - done, "a write failed");
			done += (size_t)n;
		}
	}
	must(fd_close(&s->a) == 0 && fd_close(&s->a) == -EBADF, "closed twice");
	must(fd_write(&s->a, chunk, 1) == -EBADF, "a write after the close");
}

static void read_all(void *state)
{
	struct state *s = state;
	unsigned char bytes[TO_READ];
	size_t seen = 0;
	for (int64_t n; (n = fd_read(&s->b, bytes, sizeof bytes)) != 0; seen += (size_t)n) {
		must(n > 0 && (size_t)n <= sizeof bytes, "a read failed");
		must(fd_read(&s->b, bytes, 0) == 0, "a read of nothing waits");
		for (int64_t i = 0; i < n; i++)
			must(bytes[i] == (seen + (size_t)i) / CHUNK + 1,
			     "other bytes, or another order");
	}
	must(seen == CHUNK * CHUNKS, "bytes are missing");
	must(fd_read(&s->b, bytes, 1) == 0, "a stream goes on after its end");
}

static void read_closed(void *state)
{
	struct state *s = state;
	char byte;
	must(fd_read(&s->b, &byte, 1) == -EBADF, "a read outlasts the close");
	must(fd_read(&s->b, &byte, 1) == -EBADF, "a read after the close");
	must(fd_set_deadline(&s->b, SOON, POLL_READ) == -EBADF, "a deadline after the close");
}

static void stream_open(struct state *s)
{
	int fd[2];
	must(world_socketpair(fd) == 0 && fd_open(&s->a, &s->poller, fd[0]) == 0 &&
		     fd_open(&s->b, &s->poller, fd[1]) == 0, "a stream was not opened");
	must(s->poller.in_use == 2, "descriptors are counted wrong");
}

/* A read that is filled says nothing of what is left, and one of nothing waits
 * for nothing. Nobody writes meanwhile. */
static void read_in_parts(struct state *s)
{
	char bytes[4] = "abc";
	must(fd_write(&s->a, bytes, 3) == 3, "a write failed");
	must(fd_read(&s->b, bytes, 1) == 1 && bytes[0] == 'a', "a read failed");
	must(fd_read(&s->b, bytes, 1) == 1 && bytes[0] == 'b', "a read failed");
	must(!s->b.pd->drained, "a read that was filled says that nothing is left");
	must(fd_read(&s->b, bytes, sizeof bytes) == 1 && bytes[0] == 'c', "a read failed");
	must(s->b.pd->drained, "after a read that found less the next one tries in vain");
	must(fd_read(&s->b, bytes, 0) == 0, "a read of nothing waits");
	must(fd_write(&s->a, bytes, 3) == 3, "a write failed");
	must(fd_read(&s->b, bytes, sizeof bytes) == 3, "a read failed");
	must(fd_write(&s->a, bytes, 2) == 2, "a write failed");
	must(fd_read(&s->b, bytes, 1) == 1 && fd_read(&s->b, bytes, 1) == 1,
	     "a read after one that found less failed");
}

static void time_out(struct state *s)
{
	char byte;
	int64_t start = world_now();
	must(fd_read(&s->b, &byte, 0) == 0, "a read of nothing waits");
	fd_set_deadline(&s->b, SOON, POLL_READ);
	must(fd_read(&s->b, &byte, 1) == -ETIMEDOUT, "a read outlasts its deadline");
	must(world_now() - start >= SOON, "a deadline came too early");
	must(fd_read(&s->b, &byte, 1) == -ETIMEDOUT, "a deadline that is over is forgotten");
	fd_set_deadline(&s->b, 0, POLL_READ);
}

static void stream_poll(void *state)
{
	struct state *s = state;
	poller_loop(&s->poller, &s->stop);
}

static void start(struct thread_goroutine *t, void (*fn)(void *), struct state *s)
{
	must(thread_goroutine_start(t, fn, s) == 0, "too few threads");
}

static void stream_run(void *state, struct slot *me)
{
	struct state *s = state;
	world_set_local(&s->main);
	must(threads_start() == 0 && world_thread_start(&s->loop, stream_poll, s) == 0,
	     "too few threads");
	stream_open(s);
	read_in_parts(s);
	time_out(s);
	start(&s->reader, read_all, s);
	start(&s->writer, write_all, s);
	thread_goroutine_join(&s->reader);
	thread_goroutine_join(&s->writer);
	must(fd_close(&s->b) == 0 && s->poller.in_use == 0, "a descriptor is still open");
	uint32_t allocated = s->poller.allocated;
	stream_open(s);
	start(&s->reader, read_closed, s);
	must(fd_close(&s->b) == 0 && fd_close(&s->a) == 0, "not closed");
	thread_goroutine_join(&s->reader);
	must(s->poller.allocated == allocated, "free descriptors are not used again");
	store_release(&s->stop, 1); /* pairs with: poller_loop() load — then it is woken */
	s->backend->wake(&s->poller);
	world_thread_join(s->loop);
	threads_stop(); /* first: a timer may still fire for a closed descriptor */
	poller_stop(&s->poller);
	/* relaxed: nobody is left, who would count */
	must(load_relaxed(&s->poller.waiters) == 0, "somebody is counted as a waiter");
	came_through(me);
}

static inline void stream_prepare(struct state *s, const struct poll_backend *backend)
{
	runtime = &threads_runtime;
	s->backend = backend;
	word_init(&s->stop, 0);
	word_init(&s->main.status, G_RUNNING);
	must(poller_start(&s->poller, backend) == 0, "no poller to begin with");
}

#define STREAM_CASE                                                                \
	.purpose = "a stream that is full, timed out, ended and closed under its reader",  \
	.whole = true,                                                             \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "main", stream_run } },                                       \
	.prepare = prepare, .judge = judge_end, CHECK_OUTCOMES

#endif
