/* The poller under goroutines that are threads: what is sent comes, a wait ends
 * at its deadline, a descriptor that is closed lets everybody go, in whatever
 * order a program has it. The first byte says what trouble there is, and which
 * backend; each of four goroutines runs a quarter of the rest, over a
 * connection of its own.
 */
/* links: targets/poller targets/port targets/base stress/world.c */
/* links: fuzz/fuzzers/common/trouble.c */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/threads.h"
#include "common/fuzzer.h"
#include "common/leave.h"
#include "common/trouble.h"
#include "poller/fd.h"
#include "poller/loop.h"
#include "port/port.h"

enum { SPEAKERS = 4, STEPS = 64, MS = 1000000, FAR = 1000000 };
enum { CROWD = 130 }; /* lines with two timers at each end: more than fit at first */

static struct speaker {
	const uint8_t *at, *end;
	struct thread_goroutine g;
	struct poll_fd near, far;
	bool open;
} speaker[SPEAKERS];
static struct poller poller;
static word32 stop;
static bool troubled;

static void poll_all(void *arg)
{
	(void)arg;
	if (troubled)
		interrupt_me(true);
	poller_loop(&poller, &stop);
}

static bool opened(struct speaker *s)
{
	int fd[2];
	if (s->open || world_socketpair(fd) != 0)
		return s->open;
	s->open = fd_open(&s->near, &poller, fd[0]) == 0;
	if (!s->open || fd_open(&s->far, &poller, fd[1]) != 0)
		leave_check(false, "a socket is not taken");
	return s->open;
}

static void close_both(struct speaker *s)
{
	char got;
	if (!s->open)
		return;
	leave_check(fd_close(&s->near) == 0 && fd_read(&s->near, &got, 1) == -EBADF &&
			    fd_set_deadline(&s->near, 1, POLL_READ) == -EBADF &&
			    fd_close(&s->near) == -EBADF, "a closed descriptor is used");
	leave_check(fd_read(&s->far, &got, 1) == 0, "the other end does not see the end");
	fd_close(&s->far);
	s->open = false;
}

static void fill(struct speaker *s)
{
	static const char bytes[8192];
	char got[8192];
	int64_t n = 0, sent = 0, had = 0;
	fd_set_deadline(&s->far, MS / 8, POLL_WRITE);
	while ((n = fd_write(&s->far, bytes, sizeof bytes)) > 0)
		sent += n;
	leave_check(n == -ETIMEDOUT, "a connection takes without end");
	while (had < sent && (n = fd_read(&s->near, got, sizeof got)) > 0)
		had += n;
	leave_check(had == sent, "another number of bytes comes");
	fd_set_deadline(&s->far, 0, POLL_WRITE);
}

/* Reads all that has come, and asks for more: readiness that came before it was
 * read is told too, and wakes in vain. */
static void drain(struct speaker *s, unsigned what)
{
	char got[16] = { 0 };
	leave_check(fd_write(&s->far, "ab", 2) == 2, "two bytes are not sent");
	leave_check(what & 1 || fd_read(&s->near, got, 0) == 0, "reading nothing is something");
	leave_check(fd_read(&s->near, got, sizeof got) == 2 && memcmp(got, "ab", 2) == 0,
		    "what was sent does not come at once");
	fd_set_deadline(&s->near, what & 2 ? MS / 8 : -1, POLL_READ);
	leave_check(fd_read(&s->near, got, sizeof got) == -ETIMEDOUT,
		    "what is drained has something");
	fd_set_deadline(&s->near, 0, POLL_READ);
}

/* A full pipe whose reader goes: an error is all that there is to tell its
 * writer, and it is told, also where he reads. */
static void break_pipe(void)
{
	static const char bytes[8192];
	struct poll_fd w;
	char got;
	int fd[2];
	int64_t n;
	if (world_pipe(fd) != 0)
		return;
	leave_check(fd_open(&w, &poller, fd[1]) == 0, "a pipe is not taken");
	while (world_write(fd[1], bytes, sizeof bytes) > 0)
		;
	fd_set_deadline(&w, MS / 8, POLL_WRITE);
	leave_check(fd_write(&w, bytes, 1) == -ETIMEDOUT, "a full pipe takes more");
	fd_set_deadline(&w, 0, POLL_WRITE);
	world_close(fd[0]);
	leave_check(fd_write(&w, bytes, 1) == -EPIPE, "a pipe that nobody reads is written");
	do
		n = fd_read(&w, &got, 1);
	while (n == -EBADF && poller.backend->tells_errors);
	leave_check(n == (poller.backend->tells_errors ? -EIO : -EBADF), "an error is not told");
	fd_close(&w);
}

static void gather(void)
{
	static struct poll_fd end[2 * CROWD];
	unsigned n = 0;
	for (int fd[2]; n < 2 * CROWD && world_socketpair(fd) == 0; n += 2)
		for (int i = 0; i < 2; i++) {
			leave_check(fd_open(&end[n + i], &poller, fd[i]) == 0,
				    "one of many is not taken");
			fd_set_deadline(&end[n + i], FAR * (int64_t)MS + n, POLL_READ);
			fd_set_deadline(&end[n + i], FAR * (int64_t)MS - n, POLL_WRITE);
		}
	while (n > 0)
		fd_close(&end[--n]);
}

static void step(struct speaker *s, unsigned what)
{
	char sent = (char)what, got = 0;
	int64_t soon = (1 + what / 32) * (MS / 8);
	if (!opened(s))
		return;
	switch (what % 8) {
	case 1:
		if (what >= 32) {
			drain(s, what / 8);
			break;
		}
		/* fall through */
	case 0:
		leave_check(fd_write(&s->far, &sent, 1) == 1 && fd_read(&s->near, &got, 1) == 1 &&
				    got == sent, "what was sent does not come");
		break;
	case 2: /* far away, and other than the one that waits */
		fd_set_deadline(what & 8 ? &s->near : &s->far, FAR * soon, 1 + what / 16 % 3);
		break;
	case 3:
		fd_set_deadline(&s->near, 0, 1 + what / 16 % 3);
		/* Twice: once is enough until it was seen. */
		for (unsigned i = 0; what & 8 && i < 2; i++)
			poller.backend->wake(&poller);
		break;
	case 4:
		if (what >= 0xf0 && s == speaker)
			gather();
		else if (what & 8)
			break_pipe();
		else
			fill(s);
		break;
	case 5:
	case 6:
		fd_set_deadline(&s->near, soon, what & 8 ? POLL_READ | POLL_WRITE : POLL_READ);
		leave_check(fd_read(&s->near, &got, 1) == -ETIMEDOUT,
			    "a wait does not end in time");
		fd_set_deadline(&s->near, 0, POLL_READ | POLL_WRITE);
		break;
	default:
		close_both(s);
	}
}

static void speak(void *arg)
{
	struct speaker *s = arg;
	while (s->at < s->end)
		step(s, *s->at++);
	close_both(s);
}

static void start_and_join(const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < SPEAKERS; i++) {
		speaker[i].at = data + size * i / SPEAKERS;
		speaker[i].end = data + size * (i + 1) / SPEAKERS;
		leave_check(thread_goroutine_start(&speaker[i].g, speak, &speaker[i]) == 0,
			    "a thread does not start");
	}
	for (unsigned i = 0; i < SPEAKERS; i++)
		thread_goroutine_join(&speaker[i].g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct poll_backend *const backend[] = {
		&epoll_backend, &epoll_late_backend, &port_oneshot_backend, &port_exact_backend };
	world_thread loop;
	if (size == 0)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	memset(speaker, 0, sizeof speaker);
	troubled = data[0] & 1;
	runtime = &threads_runtime;
	limit_descriptors(data[0] / 2 % 4);
	int error = poller_start(&poller, backend[data[0] / 8 % 4]);
	limit_descriptors(0);
	leave_check(error == 0 || (error == -EMFILE && data[0] / 2 % 4), "no poller starts");
	if (error != 0)
		return 0;
	interrupt_calls(troubled);
	word_init(&stop, 0);
	if (threads_start() == 0 && world_thread_start(&loop, poll_all, NULL) == 0) {
		start_and_join(data + 1, size <= STEPS ? size - 1 : STEPS);
		/* pairs with: poller_loop() load — then it is woken */
		store_release(&stop, 1);
		poller.backend->wake(&poller);
		world_thread_join(loop);
	}
	interrupt_calls(false);
	threads_stop();
	poller_stop(&poller);
	return 0;
}
