/* Spots, and how their descriptors are made: socket pairs, TCP connections over
 * loopback that are connected and accepted through the poller, and pipes. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storms/poller/churn.h"

enum { CLOSED = 1, USER = 2, PIPE_BYTES = 4096, SMALL_BUFFER = 4096, TCP_BUFFER = 16384 };

/* --- the gate --- */

bool spot_enter(struct spot *s)
{
	/* relaxed: the swap compares it */
	uint32_t seen = load_relaxed(&s->gate);
	do {
		if (seen & CLOSED)
			return false;
		/* The race lost: another user, or the closer. pairs with:
		 * spot_open() — the descriptor */
	} while (!cas_acquire(&s->gate, &seen, seen + USER));
	return true;
}

void spot_leave(struct spot *s)
{
	/* pairs with: each other — the last sees what all have done */
	if (fetch_add_acq_rel(&s->gate, (uint32_t)-USER) - USER == CLOSED)
		spot_put_empty(s);
}

bool spot_claim(struct spot *s, uint32_t claim)
{
	/* relaxed: the swap compares it */
	uint32_t seen = load_relaxed(&s->claims);
	do {
		if (seen & claim)
			return false;
		/* The race lost: another claim. pairs with: spot_unclaim() —
		 * the peer's state */
	} while (!cas_acquire(&s->claims, &seen, seen | claim));
	return true;
}

void spot_unclaim(struct spot *s, uint32_t claim)
{
	/* pairs with: spot_claim() swap — the peer's state; the bit is set, so
	 * subtracting clears it */
	fetch_add_acq_rel(&s->claims, (uint32_t)-claim);
}

struct spot *spot_take_empty(void)
{
	mutex_lock(&churn.empty_lock);
	struct spot *s = churn.empty;
	if (s)
		churn.empty = s->next;
	mutex_unlock(&churn.empty_lock);
	return s;
}

void spot_put_empty(struct spot *s)
{
	mutex_lock(&churn.empty_lock);
	s->next = churn.empty;
	churn.empty = s;
	mutex_unlock(&churn.empty_lock);
}

/* --- descriptors --- */

static void close_peer(struct spot *s)
{
	if (s->peer >= 0)
		world_close(s->peer);
	s->peer = -1;
}

static void small_buffers(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* Sends a reset instead of lingering, so that no port stays in use. */
static void abortive(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void fill(int fd)
{
	static const char bytes[PIPE_BYTES];
	while (world_write(fd, bytes, sizeof bytes) > 0)
		;
}

static bool open_pair(struct spot *s)
{
	int fd[2];
	if (world_socketpair(fd) != 0)
		return false;
	small_buffers(fd[0], SMALL_BUFFER);
	if (fd_open(&s->f, churn.poller, fd[0]) != 0) {
		world_close(fd[0]);
		world_close(fd[1]);
		return false;
	}
	s->peer = fd[1];
	return true;
}

/* The write end of a pipe, often full: a full one reports an error and nothing
 * else when its reader goes away. */
static bool open_pipe(struct spot *s, bool full)
{
	int fd[2];
	if (world_pipe(fd) != 0)
		return false;
	fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES);
	if (full)
		fill(fd[1]);
	if (fd_open(&s->f, churn.poller, fd[1]) != 0) {
		world_close(fd[0]);
		world_close(fd[1]);
		return false;
	}
	s->peer = fd[0];
	return true;
}

struct dial {
	struct listener *l;
	int fd;
};

static struct sockaddr_in address_of(const struct listener *l)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(l->port),
				     .sin_addr.s_addr = htonl(l->address) };
}

static int64_t try_connect(void *arg)
{
	struct dial *d = arg;
	struct sockaddr_in a = address_of(d->l);
	/* Not through the library: race detectors take connect() for the making
	 * of the descriptor, for which the poller may ask meanwhile. */
	if (syscall(SYS_connect, d->fd, &a, sizeof a) == 0 || errno == EISCONN)
		return 0;
	return errno == EINPROGRESS || errno == EALREADY || errno == EINTR ? -EAGAIN : -errno;
}

static int64_t try_accept(void *arg)
{
	struct dial *d = arg;
	int fd = accept4(d->l->f.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd >= 0 ? fd : errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
}

static bool dial(struct spot *s, struct listener *l)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	abortive(fd);
	small_buffers(fd, TCP_BUFFER);
	struct dial d = { l, fd };
	if (fd_open(&s->f, churn.poller, fd) != 0) {
		world_close(fd);
		return false;
	}
	announce(NULL, s->f.pd, fd, POLL_WRITE);
	bool connected = poll_io(s->f.pd, POLL_WRITE, try_connect, &d) == 0;
	announce(NULL, l->f.pd, l->f.fd, POLL_READ);
	s->peer = connected ? (int)poll_io(l->f.pd, POLL_READ, try_accept, &d) : -1;
	announce(NULL, NULL, -1, 0);
	if (s->peer < 0) {
		fd_close(&s->f);
		return false;
	}
	abortive(s->peer);
	return true;
}

static bool open_tcp(struct spot *s, unsigned first)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct listener *l = &churn.listener[(first + i) % LISTENERS];
		uint32_t idle = 0;
		/* pairs with: the store below — one connection at a time */
		if (!cas_acquire(&l->busy, &idle, 1))
			continue;
		bool done = dial(s, l);
		/* pairs with: the swap above */
		store_release(&l->busy, 0);
		return done;
	}
	return open_pair(s); /* all listeners are busy */
}

bool spot_open(struct spot *s)
{
	struct worker *me = self();
	uint32_t dice = rng_below(&me->rng, 100);
	close_peer(s);
	s->kind = dice < 45 ? PAIR : dice < 75 ? TCP : PIPE;
	bool open = s->kind == PAIR ? open_pair(s)
		    : s->kind == TCP ? open_tcp(s, me->id)
				     : open_pipe(s, dice % 4 != 0);
	if (!open) {
		/* relaxed: a figure */
		fetch_add_relaxed(&churn.failed_opens, 1);
		return false;
	}
	s->generation++;
	/* relaxed: published by the store below */
	store_relaxed(&s->claims, 0);
	/* pairs with: spot_enter() swap — the descriptor */
	store_release(&s->gate, 0);
	return true;
}
