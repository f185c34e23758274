/* Event ports after those of Solaris and illumos, and what stands under them.
 *
 * An association names a descriptor, the events that are wanted and a pointer
 * of the user's. It is looked at when it is made, and again whenever something
 * changes: level-triggered. Fetching its event dissolves it. Making it again
 * replaces it. It vanishes when its descriptor is closed. ERR and HUP need not
 * be asked for, but an association without events only holds its place.
 * Facts: port_create(3C), port_associate(3C), port_get(3C), port_alert(3C).
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include "base/lock.h"
#include "poller/poller.h"

struct port;

struct port_event {
	uint32_t events; /* PORT_ALERT: the port was alerted, and nothing else */
	int fd;
	void *user;
};

enum { PORT_ALERT = 1 << 16 };

/* Functions return 0 or -errno unless said. */
struct port_ops {
	const char *name;
	int (*create)(struct port *port);
	void (*destroy)(struct port *port);
	/* Makes or replaces an association. -EBADF: fd is not open; -EPERM: it
	 * is of a kind that is always ready. */
	int (*associate)(struct port *port, int fd, uint32_t events, void *user);
	/* -ENOENT: there was none. */
	int (*dissociate)(struct port *port, int fd);
	/* Fetches up to n events; waits ns nanoseconds for the first (< 0: for
	 * ever, 0: not at all). Returns their number, 0 at the time-out, or
	 * -EINTR. */
	int (*getn)(struct port *port, struct port_event *events, int n, int64_t ns);
	/* Has every getn() return that alone, at once, until it is taken
	 * back. */
	int (*alert)(struct port *port, bool on);
	/* What a kernel sees by itself (NULL there): fd was opened for this
	 * user; is about to be closed. */
	void (*opened)(struct port *port, int fd, const void *user);
	void (*closed)(struct port *port, int fd);
};

/* One descriptor number. */
struct port_number {
	mutex lock;
	uint32_t serial;   /* counts associations: an event names its own */
	uint32_t events;   /* of the association */
	bool associated;
	void *user;        /* likewise */
	const void *owner; /* for whom the number was opened; NULL: for nobody */
};

/* Where a port in user space learns what is ready: from hints, of which too
 * many do no harm, and by looking. */
struct port_source {
	/* Asks for a hint, one at least, when any of `events`, ERR or HUP may
	 * hold; no events: only whether that would be possible. 0 or -errno. */
	int (*watch)(struct port *port, int fd, uint32_t events);
	/* Hints are not needed any longer; NULL: they end by themselves. */
	void (*unwatch)(struct port *port, int fd);
	/* fd is about to be closed: nothing may hold its file. NULL: nothing
	 * does. */
	void (*closing)(struct port *port, int fd);
	/* Which of `events`, ERR and HUP hold now. */
	uint32_t (*look)(struct port *port, int fd, uint32_t events);
	/* Waits for descriptors that may be ready; returns how many it put into
	 * fds, or -EINTR. */
	int (*wait)(struct port *port, int *fds, int n, int64_t ns);
};

enum { PORT_CHUNK = 256, PORT_CHUNKS = 4096, PORT_EVENTS = 128 };

struct port {
	const struct port_ops *ops;
	const struct port_source *source; /* of a port in user space */
	int fd, wake_fd;
	/* 0 -> 1 -> 0 by alert(), under lock. kept: what an alert tells is read
	 * after it, which the check alert_vs_look shows */
	word32 alerted;
	/* Oracle: associations made for somebody else than the number was
	 * opened for. */
	word32 stale;
	mutex lock;      /* guards making chunks; alerted and wake_fd agree under it */
	/* To struct port_number[PORT_CHUNK]; 0: none yet. Their fields are
	 * plain. */
	wordptr *chunks;
	int chunks_end;  /* one past the last that was made; under lock */
};

extern const struct port_ops port_oneshot_ops, port_exact_ops;
extern const struct poll_backend port_oneshot_backend, port_exact_backend;
#ifdef __sun
extern const struct port_ops port_illumos_ops;
extern const struct poll_backend port_illumos_backend;
#endif

/* --- numbers.c --- */

void port_numbers_start(struct port *port);
void port_numbers_stop(struct port *port);
/* The entry of a number; NULL: it cannot be one. */
struct port_number *port_number(struct port *port, int fd);
/* The oracle: fd was opened for this user; it is being closed; this user
 * associates it. The entry is locked in the latter two. */
void port_number_opened(struct port *port, int fd, const void *user);
void port_number_closed(struct port_number *at);
void port_number_check(struct port *port, const struct port_number *at, const void *user);

/* --- kernel.c: what ports over epoll share --- */

/* What stands in an event of the descriptor that ends waits. */
#define PORT_WOKEN UINT64_MAX

/* create(), destroy() and alert(): an epoll instance and a descriptor that ends
 * its waits. */
int port_epoll_create(struct port *port);
void port_epoll_destroy(struct port *port);
int port_epoll_alert(struct port *port, bool on);
/* Whether the port is alerted; then that is its only event. */
bool port_is_alerted(struct port *port, struct port_event *event);
/* Nanoseconds as milliseconds, rounded up: a wait does not become none. */
int port_milliseconds(int64_t ns);

#endif
