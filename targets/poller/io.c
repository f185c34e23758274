#include <errno.h>

#include "poller/poller.h"

static int64_t as_errno(enum poll_error error)
{
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

int64_t poll_io(struct poll_desc *pd, int mode, poll_attempt *attempt, void *arg)
{
#ifndef BUG_RESET_AFTER
	enum poll_error error = poll_reset(pd, mode);
	if (error != POLL_OK)
		return as_errno(error);
#else
	enum poll_error error;
#endif
	for (bool waited = false;; waited = true) {
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
