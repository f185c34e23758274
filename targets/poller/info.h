/* How an updater (closer, setter of deadlines, timer, polling thread) tells
 * waiters, who hold no lock, what became of a descriptor. Internal to the
 * poller.
 *
 * The shape is store buffering (Dekker): an updater publishes, then reads rg or
 * wg; a waiter sets rg or wg to WAIT, then reads what was published. If both
 * could miss the other, the waiter would park for ever: the lost wakeup of
 * golang/go#45211.
 */
#ifndef POLLER_INFO_H
#define POLLER_INFO_H

#include "poller/poller.h"

#ifdef BARE_FLAGS

/* The flags speak for themselves; history only "ordered" them by an atomic
 * store. */
static inline void info_publish(struct poll_desc *pd)
{
#if defined BUG_RELEASE_DUMMY || defined BUG_RELEASE_ALL
	/* pairs with: nothing, which is the bug: a release orders no later load
	 */
	store_release(&pd->unrelated, 1);
#else
	/* pairs with: nothing; a full barrier on x86 only, where it is an
	 * exchange */
	store_seq_cst(&pd->unrelated, 1);
#endif
}

static inline uint32_t info_get(struct poll_desc *pd)
{
	return (flag_get(&pd->closing) ? INFO_CLOSING : 0) |
	       (flag_get(&pd->event_error) ? INFO_EVENT_ERROR : 0) |
	       ((int64_t)flag_get(&pd->rd) < 0 ? INFO_READ_EXPIRED : 0) |
	       ((int64_t)flag_get(&pd->wd) < 0 ? INFO_WRITE_EXPIRED : 0);
}

#else

/* Recomputes info from the fields, all but the event-error bit. Lock held. To
 * be called after every change of the fields, before taking waiters. */
static inline void info_publish(struct poll_desc *pd)
{
	uint32_t bits = (flag_get(&pd->closing) ? INFO_CLOSING : 0) |
			((int64_t)flag_get(&pd->rd) < 0 ? INFO_READ_EXPIRED : 0) |
			((int64_t)flag_get(&pd->wd) < 0 ? INFO_WRITE_EXPIRED : 0) |
			(pd->fd_seq & INFO_SEQ_MASK) << INFO_SEQ_SHIFT;
#if defined BUG_EVENTERR_LOST
	/* dropped: the event-error bit is not carried over. Seen when an error
	 * event comes before a close or a deadline: class lost_error, on any
	 * machine. pairs with: info_get() load */
	exchange_seq_cst(&pd->info, bits);
#elif defined BUG_ACQREL_STORE
	/* relaxed: the lock orders publishers. pairs with: info_get() load;
	 * release does not order this store before the load of rg that follows
	 */
	uint32_t old = load_relaxed(&pd->info);
	store_release(&pd->info, (old & INFO_EVENT_ERROR) | bits);
#else
	/* relaxed: the swap compares it. The retry is against
	 * set_event_error(). */
	uint32_t seen = load_relaxed(&pd->info);
#ifdef BUG_ACQREL_RMW
	/* pairs with: info_get() load; does not order the later load of rg on
	 * ARM */
	while (!cas_acq_rel(&pd->info, &seen, (seen & INFO_EVENT_ERROR) | bits))
		;
#else
	/* pairs with: info_get() load — the flags, before rg or wg is read.
	 * Always an access that writes: equal bits were published under this
	 * same lock */
	while (!cas_seq_cst(&pd->info, &seen, (seen & INFO_EVENT_ERROR) | bits))
		;
#endif
#endif
}

static inline uint32_t info_get(struct poll_desc *pd)
{
#if defined BUG_ACQREL_STORE || defined BUG_ACQREL_RMW
	/* pairs with: info_publish() */
	return load_acquire(&pd->info);
#else
	/* pairs with: info_publish() swap — WAIT was set before this reads */
	return load_seq_cst(&pd->info);
#endif
}

#endif
#endif
