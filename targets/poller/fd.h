/* A descriptor that goroutines read, write and close at the same time.
 *
 * Every operation holds a reference; closing marks the descriptor, evicts its
 * waiters and sleeps until the last reference is gone, which closes it for
 * good. A waiter lost by the poller shows here as a closer that never returns.
 */
#ifndef POLLER_FD_H
#define POLLER_FD_H

#include "poller/poller.h"

struct poll_fd {
	/* 2 per reference; bit 0: closed. kept: Go's are seq_cst; all
	 * that was done with a reference comes before the close */
	word32 refs;
	wordptr closer; /* 0 -> g by the closer's commit; any -> 1 by the last reference */
	int fd;
	struct poll_desc *pd;
};

/* Takes fd over, a stream: what a read that gives less than it was asked for
 * has left behind is nothing. Returns 0, or -errno with fd left to the
 * caller. */
int fd_open(struct poll_fd *f, struct poller *p, int fd);
/* Up to `bytes` bytes; waits for at least one. At most one reader and one
 * writer at a time. Returns their number, 0 at the end of the stream, or -errno
 * (-EBADF: closed, -ETIMEDOUT: past the deadline). */
int64_t fd_read(struct poll_fd *f, void *buffer, size_t bytes);
int64_t fd_write(struct poll_fd *f, const void *buffer, size_t bytes);
/* poll_set_deadline on it. Returns 0 or -EBADF. */
int fd_set_deadline(struct poll_fd *f, int64_t d, int modes);
/* Wakes all, waits for them, closes. From a goroutine. Returns 0, or -EBADF if
 * it is closed already. */
int fd_close(struct poll_fd *f);

#endif
