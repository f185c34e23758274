/* The poller under goroutines that are threads: what is sent comes, a wait ends
 * at its deadline, a descriptor that is closed lets everybody go, in whatever
 * order a program has it. The first byte says what trouble there is; each of
 * four goroutines runs a quarter of the rest, over a connection of its own.
 */
/* links: targets/poller targets/base stress/world.c */
/* links: fuzz/fuzzers/common/trouble.c */
#include <errno.h>
#include <string.h>

#include "base/threads.h"
#include "common/fuzzer.h"
#include "common/leave.h"
#include "common/trouble.h"
#include "poller/fd.h"
#include "poller/loop.h"

enum { SPEAKERS = 4, STEPS = 64, MS = 1000000, FAR = 1000000 };

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

static void step(struct speaker *s, unsigned what)
{
	char sent = (char)what, got = 0;
	int64_t soon = (1 + what / 32) * (MS / 8);
	if (!opened(s))
		return;
	switch (what % 8) {
	case 0:
	case 1:
		leave_check(fd_write(&s->far, &sent, 1) == 1 && fd_read(&s->near, &got, 1) == 1 &&
				    got == sent, "what was sent does not come");
		break;
	case 2: /* far away, and other than the one that waits */
		fd_set_deadline(what & 8 ? &s->near : &s->far, FAR * soon, 1 + what / 16 % 3);
		break;
	case 3:
		fd_set_deadline(&s->near, 0, 1 + what / 16 % 3);
		break;
	case 4:
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
	world_thread loop;
	if (size == 0)
		return 0;
	memset(speaker, 0, sizeof speaker);
	troubled = data[0] & 1;
	runtime = &threads_runtime;
	limit_descriptors(data[0] / 2 % 4);
	int error = poller_start(&poller, &epoll_backend);
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
		epoll_backend.wake(&poller);
		world_thread_join(loop);
	}
	interrupt_calls(false);
	threads_stop();
	poller_stop(&poller);
	return 0;
}
