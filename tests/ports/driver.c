/* Runs a sequence of operations over one of the ports, and notes what each
 * returns; a library for tests/test_port.py.
 *
 * Files stand in SLOTS places. What is noted names places and uses, never
 * numbers, so that ports can be compared.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/port.h"

#ifdef SIMULATED
#include "build.h"
#include "world.h"

/* The engine's programs say what they are; it has neither duplicates nor
 * sockets that are not connected. */
const struct build build = { "port", "fixed", "test", "", "" };
static void begin_world(void)
{
	/* Nobody tells the world what is written here. */
	if (world_mapped)
		memset(world_arena, 0, world_mapped);
	world_begin();
}
#else
static void begin_world(void)
{
}
#endif

enum { SLOTS = 4, DUPS = 16, NOTES = 4 * SLOTS };

enum call { OPEN, CLOSE, CLOSE_KEPT, ASSOCIATE, DISSOCIATE, GETN, WRITE_PEER, CLOSE_PEER, DRAIN,
	    FILL, ALERT, CALM, CALLS };
enum kind { PAIR, UNCONNECTED, PIPE_READ, PIPE_WRITE, COUNTER, KINDS };

struct step { int call, slot, x; };

static struct {
	int fd, peer, number; /* number: as fd, and still known when it is closed */
	unsigned use;
} file[SLOTS];
static int kept[DUPS], n_kept;

static int open_file(int slot, enum kind kind)
{
	int fd[2] = { -1, -1 };
	if (file[slot].fd >= 0)
		return -EBUSY;
	if (kind == PAIR)
		world_socketpair(fd);
	else if (kind == UNCONNECTED)
		fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	else if (kind == COUNTER)
		fd[0] = world_eventfd();
	else
		world_pipe(fd);
	bool swap = kind == PIPE_WRITE;
	file[slot].fd = file[slot].number = fd[swap];
	file[slot].peer = fd[!swap];
	file[slot].use++;
	return 0;
}

static int close_file(struct port *port, int slot, bool keep)
{
	if (file[slot].fd < 0)
		return -EBADF;
	if (keep && n_kept < DUPS)
		kept[n_kept++] = fcntl(file[slot].fd, F_DUPFD_CLOEXEC, 100);
	port->ops->closed(port, file[slot].fd);
	world_close(file[slot].fd);
	if (file[slot].peer >= 0 && !keep)
		world_close(file[slot].peer);
	else if (file[slot].peer >= 0 && n_kept < DUPS)
		kept[n_kept++] = file[slot].peer;
	file[slot].fd = file[slot].peer = -1;
	return 0;
}

static int move(int fd, bool in)
{
	static char bytes[4096];
	uint64_t one = 1;
	int n = 0;
	if (fd < 0)
		return -EBADF;
	for (int64_t done = 1; done > 0 && n < 1000; n++)
		done = in ? world_read(fd, bytes, sizeof bytes)
			  : world_write(fd, bytes, sizeof bytes);
	return in || n > 1 ? 0 : (int)world_write(fd, &one, sizeof one) < 0;
}

static int by_user(const void *a, const void *b)
{
	const struct port_event *x = a, *y = b;
	return x->user < y->user ? -1 : x->user > y->user;
}

/* Events of one call, in an order of their own: ports owe none. */
static int fetch(struct port *port, int64_t *note)
{
	struct port_event events[PORT_EVENTS];
	memset(events, 0, sizeof events);
	int n = port->ops->getn(port, events, PORT_EVENTS, 0);
	if (n > 1)
		qsort(events, (size_t)n, sizeof *events, by_user);
	for (int i = 0; i < n && i < NOTES - 1; i++)
		note[1 + i] = (int64_t)(uintptr_t)events[i].user << 32 | events[i].events;
	return n;
}

static int one(struct port *port, const struct step *s, int64_t *note)
{
	/* Two bits of events: none, IN, OUT, both. */
	uint32_t events = (s->x & 1 ? WORLD_IN : 0) | (s->x & 2 ? WORLD_OUT : 0);
	int slot = s->slot;
	void *user = (void *)(uintptr_t)(file[slot].use * SLOTS + slot + 1);
	switch ((enum call)s->call) {
	case OPEN:
		return open_file(slot, s->x % KINDS);
	case CLOSE:
	case CLOSE_KEPT:
		return close_file(port, slot, s->call == CLOSE_KEPT);
	case ASSOCIATE:
		return port->ops->associate(port, file[slot].number, events, user);
	case DISSOCIATE:
		return port->ops->dissociate(port, file[slot].number);
	case GETN:
		return fetch(port, note);
	case WRITE_PEER:
		return file[slot].peer < 0 ? -EBADF : (int)world_write(file[slot].peer, "x", 1);
	case CLOSE_PEER:
		if (file[slot].peer < 0)
			return -EBADF;
		world_close(file[slot].peer);
		file[slot].peer = -1;
		return 0;
	case DRAIN:
		return move(file[slot].fd, true);
	case FILL:
		return move(file[slot].fd, false);
	case ALERT:
	case CALM:
		return port->ops->alert(port, s->call == ALERT);
	case CALLS:
		break;
	}
	return -EINVAL;
}

/* port: 0 oneshot, 1 exact. notes: NOTES per step, the first what the call
 * returned. */
int run(int exact, const struct step *step, int n, int64_t *notes);
int run(int exact, const struct step *step, int n, int64_t *notes)
{
	begin_world();
	struct port port = { .ops = exact ? &port_exact_ops : &port_oneshot_ops };
	if (port.ops->create(&port) != 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	memset(notes, 0, (size_t)n * NOTES * sizeof *notes);
	for (int i = 0; i < SLOTS; i++) {
		file[i].fd = file[i].peer = file[i].number = -1;
		file[i].use = 0;
	}
	for (int i = 0; i < n; i++)
		notes[i * NOTES] = one(&port, &step[i], &notes[i * NOTES]);
	for (int i = 0; i < SLOTS; i++)
		close_file(&port, i, false);
	while (n_kept > 0)
		world_close(kept[--n_kept]);
	port.ops->destroy(&port);
	return 0;
}
