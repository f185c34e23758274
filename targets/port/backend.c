/* The event-port backend: readiness is asked for anew before every wait.
 *
 * pd->user, the interest, is the set that is wanted; it and the association are
 * changed together, under the descriptor's lock. An event dissolves its
 * association, so the polling thread makes it again for the direction that the
 * event did not tell of. By then the descriptor may have been closed and its
 * number be somebody else's: closing is set under the same lock before anybody
 * can close, and who finds it set asks for nothing.
 *
 * The switches are the parts of golang/go#7410, as fixed in March 2014 (CL
 * 69190044); BUG_7410 is history's whole.
 */
#ifdef BUG_7410
#define BUG_UPDATE_UNLOCKED
#define BUG_REARM_CLOSED
#define BUG_CAS_COMPARE
#define BUG_OPEN_ARMED
#endif

#include <errno.h>
#include <string.h>

#include "poller/info.h"
#include "port/port.h"

/* The interest. A plain field, which the lock protects; a word to those
 * variants that take no lock. BUG_UPDATE_UNLOCKED+plain
 * keeps it plain, for race detectors. */
#if defined BUG_UPDATE_UNLOCKED || defined BUG_CAS_COMPARE
#define UNLOCKED 1
#define interest_word(pd) ((word32 *)(void *)&(pd)->user)
#define interest_get(pd) bare_load(interest_word(pd))
#define interest_set(pd, events) bare_store(interest_word(pd), events)
#else
#define interest_get(pd) ((pd)->user)
#define interest_set(pd, events) ((void)((pd)->user = (events)))
#endif

static struct port *port_of(struct poll_desc *pd)
{
	return pd->poller->state;
}

static void interest_lock(struct poll_desc *pd)
{
#ifndef UNLOCKED
	mutex_lock(&pd->lock);
#else
	/* dropped: the lock. The closing test comes too early, and interest and
	 * association drift apart: stale_arm and lost_event, on any machine. */
	(void)pd;
#endif
}

static void interest_unlock(struct poll_desc *pd)
{
#ifndef UNLOCKED
	mutex_unlock(&pd->lock);
#else
	(void)pd;
#endif
}

static void associate(struct poll_desc *pd, uint32_t events)
{
	struct port *port = port_of(pd);
	if (events && port->ops->associate(port, pd->fd, events, pd) != 0)
		world_fatal("a descriptor cannot be associated");
}

/* Interest and association become what they are, with `set` and without
 * `clear`. Lock held. */
static void update(struct poll_desc *pd, uint32_t set, uint32_t clear)
{
#ifndef BUG_REARM_CLOSED
	/* pairs with: info_publish() — and under the lock that it holds */
	if (info_get(pd) & INFO_CLOSING)
		return;
#else
	/* dropped: the look at closing. An event that is handled late makes an
	 * association with whoever has the number now: stale_arm, or fatal
	 * where nobody has. Any machine. */
#endif
#ifdef BUG_CAS_COMPARE
	/* instead: no lock, but a swap whose success, 1 or 0, is compared with
	 * the events: for events other than IN it goes round again, and it ends
	 * where it failed to clear them all. lost_event, on any machine. */
	uint32_t old, events;
	bool done;
	do {
		/* relaxed: the swap compares it */
		old = load_relaxed(interest_word(pd));
		events = (old & ~clear) | set;
		if (events == old)
			return;
		associate(pd, events);
		/* pairs with: nothing, which is part of the bug */
		done = cas_seq_cst(interest_word(pd), &old, events);
	} while ((uint32_t)done != events);
#else
	/* interest_get, where it is a word — relaxed: history's bare field */
	uint32_t old = interest_get(pd), events = (old & ~clear) | set;
	if (events == old)
		return;
	associate(pd, events);
	/* relaxed: likewise */
	interest_set(pd, events);
#endif
}

static int start(struct poller *p, const struct port_ops *ops)
{
	struct port *port = world_map(sizeof *port);
	port->ops = ops;
	int error = ops->create(port);
	if (error != 0) {
		world_unmap(port, sizeof *port);
		return error;
	}
	p->state = port;
	return 0;
}

static void backend_stop(struct poller *p)
{
	struct port *port = p->state;
	port->ops->destroy(port);
	world_unmap(port, sizeof *port);
}

static int backend_open(struct poller *p, struct poll_desc *pd)
{
	struct port *port = p->state;
	/* unreached: a port of the kernel lacks these */
	if (port->ops->opened)
		port->ops->opened(port, pd->fd, pd);
#ifdef BUG_OPEN_ARMED
	/* instead: asks for both directions at once, unlocked. Harmless alone:
	 * more events that nobody waits for, and more wakeups in vain; to C a
	 * data_race with an event of the number's last owner. */
	/* relaxed: history's bare field */
	interest_set(pd, WORLD_IN | WORLD_OUT);
	int error = port->ops->associate(port, pd->fd, WORLD_IN | WORLD_OUT, pd);
#else
	interest_lock(pd);
	/* relaxed: likewise */
	interest_set(pd, 0);
	int error = port->ops->associate(port, pd->fd, 0, pd);
	interest_unlock(pd);
#endif
	/* unreached: likewise */
	if (error != 0 && port->ops->closed)
		port->ops->closed(port, pd->fd);
	return error;
}

static int backend_close(struct poller *p, struct poll_desc *pd)
{
	struct port *port = p->state;
	int error = port->ops->dissociate(port, pd->fd);
	/* unreached: likewise */
	if (port->ops->closed)
		port->ops->closed(port, pd->fd);
	return error;
}

static void backend_arm(struct poll_desc *pd, int mode)
{
	interest_lock(pd);
	update(pd, mode == POLL_READ ? WORLD_IN : WORLD_OUT, 0);
	interest_unlock(pd);
}

static void set_alert(struct poller *p, bool on)
{
	struct port *port = p->state;
	if (port->ops->alert(port, on) != 0)
		world_fatal(on ? "the port cannot be alerted" : "the port cannot be calmed");
}

static void backend_wake(struct poller *p)
{
	uint32_t seen = 0;
	/* One wake is enough until it was seen. pairs with: unwake() store */
	if (cas_acq_rel(&p->wake_pending, &seen, 1))
		set_alert(p, true);
}

static void unwake(struct poller *p)
{
	set_alert(p, false);
	/* pairs with: backend_wake() swap — the next alert comes after this */
	store_release(&p->wake_pending, 0);
}

/* For a poll that does not wait: it was not meant, but an alerted port shows
 * nothing else, and would hide what is ready for as long as nobody waits. So
 * the alert is lifted, and put back unless a poll that waits has seen it
 * meanwhile. (Go's netpoll returns with nothing.) */
static int fetch_past_alert(struct poller *p, struct port_event *events)
{
	struct port *port = p->state;
	int n;
	set_alert(p, false);
	do
		n = port->ops->getn(port, events, PORT_EVENTS, 0);
	while (n == -EINTR);
	/* pairs with: backend_wake() swap — an alert that was lifted above */
	if (load_acquire(&p->wake_pending))
		set_alert(p, true);
	return n == 1 && events[0].events == PORT_ALERT ? 0 : n;
}

/* Asks again for the other direction, before anybody is told of this one: who
 * is told may arm, and that must come later than what is cleared here. */
static unsigned dispatch(const struct port_event *event, struct g **list, int *waiters)
{
	struct poll_desc *pd = event->user;
	uint32_t clear = 0;
	int modes = 0;
	if (event->events & (WORLD_IN | WORLD_HUP | WORLD_ERR)) {
		modes |= POLL_READ;
		clear |= WORLD_IN;
	}
	if (event->events & (WORLD_OUT | WORLD_HUP | WORLD_ERR)) {
		modes |= POLL_WRITE;
		clear |= WORLD_OUT;
	}
	/* unreached: a port tells only what was asked for */
	if (modes == 0)
		return 0;
	interest_lock(pd);
	update(pd, 0, clear);
	interest_unlock(pd);
	return poll_ready(pd, modes, list, waiters);
}

static unsigned backend_poll(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct port *port = p->state;
	struct port_event events[PORT_EVENTS];
	int64_t wait = delay;
	int n;
	*waiters = 0;
	for (;;) {
		n = port->ops->getn(port, events, PORT_EVENTS, wait);
		if (n == -EINTR && wait > 0)
			return 0; /* the caller works out anew how long to wait */
		if (n == -EINTR)
			continue;
		if (n <= 0 || events[0].events != PORT_ALERT)
			break;
		/* Only a poller that would have slept was meant. Calmed, the
		 * port shows what is ready. */
		if (delay == 0) {
			n = fetch_past_alert(p, events);
			break;
		}
		unwake(p);
		wait = 0;
	}
	if (n < 0)
		world_fatal("fetching events failed");
	unsigned ready = 0;
	for (int i = 0; i < n; i++)
		ready += dispatch(&events[i], list + ready, waiters);
	return ready;
}

static uint32_t backend_stale(struct poller *p)
{
	struct port *port = p->state;
	/* relaxed: a count */
	return load_relaxed(&port->stale);
}

#define BACKEND(kind)                                                                    \
	static int start_##kind(struct poller *p)                                        \
	{                                                                                \
		return start(p, &port_##kind##_ops);                                     \
	}                                                                                \
	const struct poll_backend port_##kind##_backend = {                              \
		.name = "port_" #kind, .start = start_##kind, .stop = backend_stop,      \
		.open = backend_open, .close = backend_close, .arm = backend_arm,        \
		.poll = backend_poll, .wake = backend_wake, .stale = backend_stale,      \
	}

BACKEND(oneshot);
BACKEND(exact);
#ifdef __sun
BACKEND(illumos);
#endif
