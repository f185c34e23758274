/* What ports over epoll share. */
#include <errno.h>

#include "port/port.h"

int port_epoll_create(struct port *port)
{
	int epoll = world_epoll_create();
	if (epoll < 0)
		return epoll;
	int wake = world_eventfd();
	int error = wake < 0 ? wake : world_epoll_ctl(epoll, WORLD_ADD, wake, WORLD_IN, PORT_WOKEN);
	if (error != 0) {
		if (wake >= 0)
			world_close(wake);
		world_close(epoll);
		return error;
	}
	port->fd = epoll;
	port->wake_fd = wake;
	port_numbers_start(port);
	return 0;
}

void port_epoll_destroy(struct port *port)
{
	world_close(port->wake_fd);
	world_close(port->fd);
	port_numbers_stop(port);
}

int port_epoll_alert(struct port *port, bool on)
{
	uint64_t count = 1;
	int64_t done;
	mutex_lock(&port->lock);
	/* pairs with: port_is_alerted() load — what the alert is to tell */
	exchange_acq_rel(&port->alerted, on);
	do
		done = on ? world_write(port->wake_fd, &count, sizeof count)
			  : world_read(port->wake_fd, &count, sizeof count);
	/* unreached: nothing waits here, to be interrupted */
	while (done == -EINTR);
	mutex_unlock(&port->lock);
	/* unreached: an event counter has no other error */
	return done < 0 && done != -EAGAIN ? (int)done : 0;
}

bool port_is_alerted(struct port *port, struct port_event *event)
{
	*event = (struct port_event){ PORT_ALERT, -1, NULL };
	/* pairs with: port_epoll_alert() exchange */
	return load_acquire(&port->alerted);
}

int port_milliseconds(int64_t ns)
{
	enum { LONGEST = 1000000000 };
	if (ns <= 0)
		return ns < 0 ? -1 : 0;
	int64_t ms = (ns + 999999) / 1000000;
	return ms < LONGEST ? (int)ms : LONGEST;
}
