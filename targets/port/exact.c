/* A port in user space, with the semantics of Solaris to the letter: what is
 * ready comes from a source, all else is decided here.
 *
 * An association is looked at anew when its event is fetched, so an event tells
 * of readiness that holds at that moment. Only what the kernel of Solaris would
 * report for an association without events is left open: here that is nothing.
 */
#include <errno.h>
#include <string.h>

#include "port/port.h"

static int exact_associate(struct port *port, int fd, uint32_t events, void *user)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return -EBADF;
	mutex_lock(&at->lock);
	port_number_check(port, at, user);
	at->serial++;
	int error = port->source->watch(port, fd, events);
	at->associated = error == 0;
	at->events = events;
	at->user = user;
	mutex_unlock(&at->lock);
	return error;
}

/* Entry locked. */
static void dissolve(struct port *port, int fd, struct port_number *at)
{
	if (at->associated && at->events && port->source->unwatch)
		port->source->unwatch(port, fd);
	at->associated = false;
}

static int exact_dissociate(struct port *port, int fd)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return -EBADF;
	mutex_lock(&at->lock);
	int error = at->associated ? 0 : -ENOENT;
	dissolve(port, fd, at);
	mutex_unlock(&at->lock);
	return error;
}

static void exact_closed(struct port *port, int fd)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return;
	mutex_lock(&at->lock);
	dissolve(port, fd, at);
	if (port->source->closing)
		port->source->closing(port, fd);
	port_number_closed(at);
	mutex_unlock(&at->lock);
}

static bool fetch(struct port *port, int fd, struct port_event *to)
{
	struct port_number *at = port_number(port, fd);
	mutex_lock(&at->lock);
	uint32_t ready = 0;
	if (at->associated && at->events) {
		ready = port->source->look(port, fd, at->events);
		if (ready) {
			*to = (struct port_event){ ready, fd, at->user };
			dissolve(port, fd, at);
		} else if (port->source->watch(port, fd, at->events) != 0) {
			at->associated = false; /* closed, and nobody said so */
		}
	}
	mutex_unlock(&at->lock);
	return ready != 0;
}

static int exact_getn(struct port *port, struct port_event *events, int n, int64_t ns)
{
	int fds[PORT_EVENTS];
	int64_t end = ns > 0 ? world_now() + ns : 0;
	for (;;) {
		if (port_is_alerted(port, &events[0]))
			return 1;
		int count = port->source->wait(port, fds, n < PORT_EVENTS ? n : PORT_EVENTS, ns);
		int kept = 0;
		for (int i = 0; i < count; i++)
			kept += fetch(port, fds[i], &events[kept]);
		if (count < 0 || kept > 0 || ns == 0)
			return count < 0 ? count : kept;
		/* What was ready was fetched or dissolved by others. */
		if (ns > 0 && (ns = end - world_now()) < 0)
			ns = 0;
	}
}

/* --- readiness from the kernel: one-shot epoll entries as hints --- */

/* An entry outlives its association, disabled or with one more hint to give: a
 * call less for each event than to remove it. It does not outlive its
 * descriptor: see kernel_closing(). */
static int kernel_watch(struct port *port, int fd, uint32_t events)
{
	uint32_t once = events | WORLD_ONESHOT;
	int error = world_epoll_ctl(port->fd, WORLD_MOD, fd, once, (uint32_t)fd);
	if (error == -ENOENT)
		error = world_epoll_ctl(port->fd, WORLD_ADD, fd, once, (uint32_t)fd);
	return error;
}

/* Linux since 6.9 holds the file of an entry while epoll_wait() looks at it. If
 * the last descriptor is closed at that moment, it is the waiting thread that
 * lets go of the file, and it does so when it returns from the call, not
 * before: until something wakes it, a socket's other end sees no end. An entry
 * that is removed is not being looked at. */
static void kernel_closing(struct port *port, int fd)
{
	world_epoll_ctl(port->fd, WORLD_DEL, fd, 0, 0);
}

static uint32_t kernel_look(struct port *port, int fd, uint32_t events)
{
	(void)port;
	int ready = world_ready(fd, events);
	return ready < 0 ? 0 : (uint32_t)ready;
}

static int kernel_wait(struct port *port, int *fds, int n, int64_t ns)
{
	struct world_event found[PORT_EVENTS];
	int count = world_epoll_wait(port->fd, found, n, port_milliseconds(ns)), kept = 0;
	for (int i = 0; i < count; i++)
		if (found[i].data != PORT_WOKEN)
			fds[kept++] = (int)found[i].data;
	return count < 0 ? count : kept;
}

static const struct port_source kernel = {
	.watch = kernel_watch,
	.closing = kernel_closing,
	.look = kernel_look,
	.wait = kernel_wait,
};

static int exact_create(struct port *port)
{
	int error = port_epoll_create(port);
	if (error == 0)
		port->source = &kernel;
	return error;
}

const struct port_ops port_exact_ops = {
	.name = "exact",
	.create = exact_create,
	.destroy = port_epoll_destroy,
	.associate = exact_associate,
	.dissociate = exact_dissociate,
	.getn = exact_getn,
	.alert = port_epoll_alert,
	.opened = port_number_opened,
	.closed = exact_closed,
};
