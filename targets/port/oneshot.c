/* A port on Linux: a thin shim over epoll's one-shot entries.
 *
 * What EPOLLONESHOT does otherwise than a port, and what is done about it:
 *
 *   an entry is changed or added, never both: MOD first, then ADD where the
 *     kernel knows none;
 *   a fired entry stays registered, disabled: associate() revives it by MOD,
 *     which looks at the descriptor again, as a port does;
 *   an entry without events still reports ERR and HUP, on an unconnected TCP
 *     socket at once: swallowed;
 *   an entry lives as long as any duplicate of its descriptor, and can be
 *     fetched while its descriptor is closed, opened or associated anew: each
 *     event carries the serial number of its association, and outdated ones are
 *     dropped.
 */
#include <errno.h>
#include <string.h>

#include "port/port.h"

static int oneshot_associate(struct port *port, int fd, uint32_t events, void *user)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return -EBADF;
	mutex_lock(&at->lock);
	port_number_check(port, at, user);
	uint64_t data = (uint64_t)++at->serial << 32 | (uint32_t)fd;
	int error = world_epoll_ctl(port->fd, WORLD_MOD, fd, events | WORLD_ONESHOT, data);
	if (error == -ENOENT)
		error = world_epoll_ctl(port->fd, WORLD_ADD, fd, events | WORLD_ONESHOT, data);
	at->associated = error == 0;
	at->events = events;
	at->user = user;
	mutex_unlock(&at->lock);
	return error;
}

static int oneshot_dissociate(struct port *port, int fd)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return -EBADF;
	mutex_lock(&at->lock);
	bool was = at->associated;
	/* An entry that has fired is still there, and goes too. */
	int error = world_epoll_ctl(port->fd, WORLD_DEL, fd, 0, 0);
	at->associated = false;
	mutex_unlock(&at->lock);
	return was ? error : -ENOENT;
}

/* Whether the event is one that its association still waits for. */
static bool fetch(struct port *port, const struct world_event *from, struct port_event *to)
{
	int fd = (int)(uint32_t)from->data;
	struct port_number *at = port_number(port, fd);
	mutex_lock(&at->lock);
	bool current = at->associated && at->serial == from->data >> 32 && at->events != 0;
	if (current) {
		*to = (struct port_event){ from->events, fd, at->user };
		at->associated = false;
	}
	mutex_unlock(&at->lock);
	return current;
}

static int oneshot_getn(struct port *port, struct port_event *events, int n, int64_t ns)
{
	struct world_event found[PORT_EVENTS];
	int64_t end = ns > 0 ? world_now() + ns : 0;
	for (;;) {
		if (port_is_alerted(port, &events[0]))
			return 1;
		int count = world_epoll_wait(port->fd, found, n < PORT_EVENTS ? n : PORT_EVENTS,
					     port_milliseconds(ns));
		int kept = 0;
		for (int i = 0; i < count; i++)
			if (found[i].data != PORT_WOKEN)
				kept += fetch(port, &found[i], &events[kept]);
		if (count < 0 || kept > 0 || ns == 0)
			return count < 0 ? count : kept;
		/* All that came was outdated. */
		if (ns > 0 && (ns = end - world_now()) < 0)
			ns = 0;
	}
}

static void oneshot_closed(struct port *port, int fd)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return;
	mutex_lock(&at->lock);
	port_number_closed(at);
	mutex_unlock(&at->lock);
}

const struct port_ops port_oneshot_ops = {
	.name = "oneshot",
	.create = port_epoll_create,
	.destroy = port_epoll_destroy,
	.associate = oneshot_associate,
	.dissociate = oneshot_dissociate,
	.getn = oneshot_getn,
	.alert = port_epoll_alert,
	.opened = port_number_opened,
	.closed = oneshot_closed,
};
