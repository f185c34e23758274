/* The kernel's own ports, on illumos and Solaris. Never run so far: no such
 * machine was at hand; what is known stands in port_create(3C) and
 * port_associate(3C).
 */
#ifdef __sun
#include <errno.h>
#include <poll.h>
#include <port.h>
#include <unistd.h>

#include "port/port.h"

_Static_assert(WORLD_IN == POLLIN && WORLD_OUT == POLLOUT && WORLD_ERR == POLLERR &&
		       WORLD_HUP == POLLHUP,
	       "world.h has the kernel's event bits");

static int illumos_create(struct port *port)
{
	port->fd = port_create();
	return port->fd < 0 ? -errno : 0;
}

static void illumos_destroy(struct port *port)
{
	close(port->fd);
}

static int illumos_associate(struct port *port, int fd, uint32_t events, void *user)
{
	int r = port_associate(port->fd, PORT_SOURCE_FD, (uintptr_t)fd, (int)events, user);
	return r < 0 ? -errno : 0;
}

static int illumos_dissociate(struct port *port, int fd)
{
	return port_dissociate(port->fd, PORT_SOURCE_FD, (uintptr_t)fd) < 0 ? -errno : 0;
}

static int illumos_getn(struct port *port, struct port_event *events, int n, int64_t ns)
{
	port_event_t found[PORT_EVENTS];
	struct timespec limit = { ns / 1000000000, ns % 1000000000 };
	uint_t count = 1;
	/* A time-out may come together with events. */
	if (port_getn(port->fd, found, n < PORT_EVENTS ? (uint_t)n : PORT_EVENTS, &count,
		      ns < 0 ? NULL : &limit) < 0 && errno != ETIME)
		return -errno;
	for (uint_t i = 0; i < count; i++)
		events[i] = found[i].portev_source == PORT_SOURCE_ALERT
				    ? (struct port_event){ PORT_ALERT, -1, NULL }
				    : (struct port_event){ (uint32_t)found[i].portev_events,
							   (int)found[i].portev_object,
							   found[i].portev_user };
	return (int)count;
}

static int illumos_alert(struct port *port, bool on)
{
	/* UPDATE: an alert on top of another is none the worse. */
	if (port_alert(port->fd, PORT_ALERT_UPDATE, on ? POLLHUP : 0, port) < 0 && errno != EBUSY)
		return -errno;
	return 0;
}

const struct port_ops port_illumos_ops = {
	.name = "illumos",
	.create = illumos_create,
	.destroy = illumos_destroy,
	.associate = illumos_associate,
	.dissociate = illumos_dissociate,
	.getn = illumos_getn,
	.alert = illumos_alert,
};
#else
typedef int port_illumos_is_elsewhere; /* a file may not be empty */
#endif
