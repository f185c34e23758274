#include "poller/fd.h"

#include <errno.h>

enum { CLOSED = 1, REFERENCE = 2, GONE = 1 };

static bool take_reference(struct poll_fd *f)
{
	/* relaxed: the swap compares it */
	uint32_t seen = load_relaxed(&f->refs);
	do {
		if (seen & CLOSED)
			return false;
		/* The race lost: another reference. pairs with: fd_close() swap
		 */
	} while (!cas_acq_rel(&f->refs, &seen, seen + REFERENCE));
	return true;
}

static void drop_reference(struct poll_fd *f)
{
	/* pairs with: each other — the last sees all that the others did */
	uint32_t left = fetch_add_acq_rel(&f->refs, (uint32_t)-REFERENCE) - REFERENCE;
	if (left != CLOSED)
		return;
	poll_close(f->pd);
	world_close(f->fd);
	/* pairs with: commit() swap — the descriptor is closed */
	uintptr_t closer = exchange_acq_rel(&f->closer, GONE);
	if (closer != 0)
		runtime->ready((struct g *)closer);
}

int fd_open(struct poll_fd *f, struct poller *p, int fd)
{
	word_init(&f->refs, 0);
	word_init(&f->closer, 0);
	f->fd = fd;
	return poll_open(p, fd, &f->pd);
}

struct transfer {
	struct poll_fd *f;
	void *in;
	const void *out;
	size_t bytes;
};

static int64_t try_read(void *arg)
{
	struct transfer *t = arg;
	int64_t n;
	do
		n = world_read(t->f->fd, t->in, t->bytes);
	/* unreached: nothing waits here, to be interrupted */
	while (n == -EINTR);
	if (n > 0 && (size_t)n < t->bytes)
		poll_drained(t->f->pd);
	return n;
}

static int64_t try_write(void *arg)
{
	struct transfer *t = arg;
	int64_t n;
	do
		n = world_write(t->f->fd, t->out, t->bytes);
	/* unreached: nothing waits here, to be interrupted */
	while (n == -EINTR);
	return n;
}

static int64_t transfer(struct poll_fd *f, int mode, poll_attempt *attempt, struct transfer *t)
{
	if (!take_reference(f))
		return -EBADF;
	if (mode == POLL_READ && t->bytes == 0)
		f->pd->drained = false; /* moves nothing, and waits for nothing */
	int64_t n = poll_io(f->pd, mode, attempt, t);
	drop_reference(f);
	return n;
}

int64_t fd_read(struct poll_fd *f, void *buffer, size_t bytes)
{
	struct transfer t = { .f = f, .in = buffer, .bytes = bytes };
	return transfer(f, POLL_READ, try_read, &t);
}

int64_t fd_write(struct poll_fd *f, const void *buffer, size_t bytes)
{
	struct transfer t = { .f = f, .out = buffer, .bytes = bytes };
	return transfer(f, POLL_WRITE, try_write, &t);
}

int fd_set_deadline(struct poll_fd *f, int64_t d, int modes)
{
	if (!take_reference(f))
		return -EBADF;
	poll_set_deadline(f->pd, d, modes);
	drop_reference(f);
	return 0;
}

/* Sleeps unless the last reference has gone already. */
static bool commit(struct g *g, void *arg)
{
	uintptr_t seen = 0;
	/* pairs with: drop_reference() exchange. kept: as closer's other
	 * accesses */
	return cas_acq_rel((wordptr *)arg, &seen, (uintptr_t)g);
}

int fd_close(struct poll_fd *f)
{
	/* relaxed: the swap compares it */
	uint32_t seen = load_relaxed(&f->refs);
	do {
		if (seen & CLOSED)
			return -EBADF;
		/* The race lost: a reference. pairs with: take_reference() swap
		 */
	} while (!cas_acq_rel(&f->refs, &seen, (seen | CLOSED) + REFERENCE));
	poll_unblock(f->pd);
	drop_reference(f);
	/* pairs with: drop_reference() exchange */
	while (load_acquire(&f->closer) != GONE)
		runtime->park(commit, &f->closer);
	return 0;
}
