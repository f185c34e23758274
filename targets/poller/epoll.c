/* The epoll backend: edge-triggered, both directions asked for once, at open.
 *
 * An event names its descriptor by address and generation: address << 16
 * (descriptors are 8-aligned, user addresses below 2^48) with the 19 bits of
 * fd_seq beneath.
 */
#include <errno.h>

#include "poller/poller.h"

enum { EVENTS_PER_CALL = 128, TAG_BITS = 19, TAG_MASK = INFO_SEQ_MASK };

static uint64_t event_data(struct poll_desc *pd)
{
	uint64_t address = (uintptr_t)pd;
	if (address >> 48 != 0 || (address & 7) != 0)
		world_fatal("a descriptor's address does not fit into event data");
	return address << 16 | (pd->fd_seq & TAG_MASK);
}

/* The break descriptor's events carry the poller's own address, tag 0. */
static uint64_t wake_data(struct poller *p)
{
	return (uint64_t)(uintptr_t)p << 16;
}

static int backend_start(struct poller *p)
{
	int epoll = world_epoll_create();
	if (epoll < 0)
		return epoll;
	int wake = world_eventfd();
	int error = wake < 0 ? wake : world_epoll_ctl(epoll, WORLD_ADD, wake, WORLD_IN,
						      wake_data(p));
	if (error != 0) {
		if (wake >= 0)
			world_close(wake);
		world_close(epoll);
		return error;
	}
	p->port = epoll;
	p->wake_fd = wake;
	return 0;
}

static void backend_stop(struct poller *p)
{
	world_close(p->wake_fd);
	world_close(p->port);
}

enum { INPUT = (int)(WORLD_IN | WORLD_RDHUP | WORLD_EDGE), BOTH = INPUT | (int)WORLD_OUT };

static int backend_open(struct poller *p, struct poll_desc *pd)
{
	return world_epoll_ctl(p->port, WORLD_ADD, pd->fd, (uint32_t)BOTH, event_data(pd));
}

static int late_open(struct poller *p, struct poll_desc *pd)
{
	return world_epoll_ctl(p->port, WORLD_ADD, pd->fd, (uint32_t)INPUT, event_data(pd));
}

/* Few ever wait to write, and for whoever asks every read by the peer is an
 * event. user: 1 once it was asked for; the writer's. */
static void late_arm(struct poll_desc *pd, int mode)
{
	if (mode != POLL_WRITE || pd->user)
		return;
	pd->user = 1;
#ifdef BUG_OUT_UNASKED
	/* dropped: asking for writability. Who has found no room is never told
	 * of any: lost_event, on any machine. */
	return;
#endif
	/* Reported at once if there is room by now. */
	if (world_epoll_ctl(pd->poller->port, WORLD_MOD, pd->fd, (uint32_t)BOTH,
			    event_data(pd)) != 0)
		world_fatal("a descriptor's events cannot be asked for");
}

static int backend_close(struct poller *p, struct poll_desc *pd)
{
	return world_epoll_ctl(p->port, WORLD_DEL, pd->fd, 0, 0);
}

static void backend_wake(struct poller *p)
{
	uint32_t seen = 0;
	/* One wake is enough until it was seen.
	 * pairs with: drain() store — the byte is written after this */
	if (!cas_acq_rel(&p->wake_pending, &seen, 1))
		return;
	uint64_t one = 1;
	for (;;) {
		int64_t n = world_write(p->wake_fd, &one, sizeof one);
		/* unreached: such a write is neither refused nor interrupted */
		if (n == sizeof one || n == -EAGAIN)
			return;
		if (n != -EINTR)
			world_fatal("the break descriptor cannot be written");
	}
}

/* Drains first, then clears: the other way round a wake between the two is
 * lost. */
static void drain(struct poller *p)
{
	uint64_t count;
	world_read(p->wake_fd, &count, sizeof count);
	/* pairs with: backend_wake() swap — the counter is empty */
	store_release(&p->wake_pending, 0);
}

static int milliseconds(int64_t delay)
{
	enum { LONGEST = 1000000000 };
	if (delay < 0)
		return -1;
	if (delay == 0)
		return 0;
	if (delay < 1000000)
		return 1;
	return delay / 1000000 < LONGEST ? (int)(delay / 1000000) : LONGEST;
}

static unsigned dispatch(struct world_event *event, struct g **list, int *waiters)
{
	struct poll_desc *pd = (struct poll_desc *)(uintptr_t)(event->data >> TAG_BITS << 3);
	uint32_t tag = event->data & TAG_MASK, bits = event->events;
	int modes = 0;
	if (bits & (WORLD_IN | WORLD_RDHUP | WORLD_HUP | WORLD_ERR))
		modes |= POLL_READ;
	if (bits & (WORLD_OUT | WORLD_HUP | WORLD_ERR))
		modes |= POLL_WRITE;
	/* unreached: the kernel tells only what was asked for */
	if (modes == 0)
		return 0;
	/* An event of an earlier generation. The lock-free look may be outdated
	 * at once; then the event makes a waiter look in vain, as any late
	 * event may. History's forms had no generations. */
#ifndef BARE_FLAGS
	/* relaxed: see above; poll_set_event_error() compares again */
	uint32_t now = load_relaxed(&pd->info) >> INFO_SEQ_SHIFT & TAG_MASK;
	if (now != tag)
		return 0;
#endif
	if (bits & (WORLD_RDHUP | WORLD_HUP | WORLD_ERR))
		poll_ended(pd);
	poll_set_event_error(pd, bits == WORLD_ERR, tag);
	return poll_ready(pd, modes, list, waiters);
}

static unsigned backend_poll(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct world_event events[EVENTS_PER_CALL];
	int n;
	*waiters = 0;
	do {
		n = world_epoll_wait(p->port, events, EVENTS_PER_CALL, milliseconds(delay));
		if (n == -EINTR && delay > 0)
			return 0; /* the caller works out anew how long to wait */
	} while (n == -EINTR);
	if (n < 0)
		world_fatal("waiting for events failed");
	unsigned ready = 0;
	for (int i = 0; i < n; i++) {
		/* unreached: likewise */
		if (events[i].events == 0)
			continue;
		if (events[i].data != wake_data(p)) {
			ready += dispatch(&events[i], list + ready, waiters);
			continue;
		}
		if (events[i].events != WORLD_IN)
			world_fatal("the break descriptor reports something else than input");
		/* Only a poller that would have slept was meant. */
		if (delay != 0)
			drain(p);
	}
	return ready;
}

#define EPOLL                                                                            \
	.name = "epoll", .tells_errors = true, .start = backend_start, .stop = backend_stop, \
	.close = backend_close, .poll = backend_poll, .wake = backend_wake

const struct poll_backend epoll_backend = { EPOLL, .open = backend_open };
const struct poll_backend epoll_late_backend = { EPOLL, .open = late_open, .arm = late_arm };
