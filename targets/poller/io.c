#include <errno.h>

#include "poller/poller.h"

static int64_t as_errno(enum poll_error error)
{
	/* unreached: asked only where there is an error */
	switch (error) {
	case POLL_OK:
		return 0;
	case POLL_CLOSING:
		return -EBADF;
	case POLL_TIMEOUT:
		return -ETIMEDOUT;
	case POLL_NOT_POLLABLE:
		break;
	}
	return -EIO;
}

void poll_ended(struct poll_desc *pd)
{
	/* pairs with: poll_drained() — before the semaphore is READY */
	store_seq_cst(&pd->ended, 1);
}

void poll_drained(struct poll_desc *pd)
{
#ifdef BUG_END_UNSEEN
	/* dropped: the look whether the end is known already. Its event is
	 * spent, and the next read waits for another one: lost_event, on any
	 * machine. */
	pd->drained = true;
	return;
#endif
	/* An end that came with the last bytes has no event of its own, and is
	 * known here; one that comes later has one. pairs with: poll_ended() */
	pd->drained = load_seq_cst(&pd->ended) == 0;
}

/* Whether there is nothing to try for: what came since has left READY behind.
 */
#ifndef BUG_RESET_AFTER
static bool is_drained(struct poll_desc *pd, int mode)
{
	bool drained = mode == POLL_READ && pd->drained;
	if (drained)
		pd->drained = false;
	return drained;
}
#endif

int64_t poll_io(struct poll_desc *pd, int mode, poll_attempt *attempt, void *arg)
{
#ifdef BUG_RESET_AFTER
	bool waited = false;
	enum poll_error error;
#else
	bool waited = is_drained(pd, mode);
	enum poll_error error = waited ? poll_wait(pd, mode) : poll_reset(pd, mode);
	if (error != POLL_OK)
		return as_errno(error);
#endif
	for (;; waited = true) {
		int64_t n = attempt(arg);
		if (n != -EAGAIN)
			return n;
		if (waited)
			/* relaxed: a figure */
			fetch_add_relaxed(&pd->poller->in_vain, 1);
#ifdef BUG_RESET_AFTER
		/* moved: the reset belongs before the attempt. Readiness that
		 * came between attempt and reset is dropped: lost_event, any
		 * machine. */
		error = poll_reset(pd, mode);
		if (error != POLL_OK)
			return as_errno(error);
#endif
		error = poll_wait(pd, mode);
		if (error != POLL_OK)
			return as_errno(error);
	}
}
