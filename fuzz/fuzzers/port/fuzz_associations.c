/* One thread, four descriptors and both event ports at once, against a table of
 * associations: what is associated and ready is fetched, once; what is closed,
 * dissolved or asked for nothing is not. */
/* links: targets/port/[eokn]*.c targets/base/lock.c stress/world.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "port/port.h"

enum { ONESHOT, EXACT, PORTS };
enum { FILES = 4, KEPT = 8, PLACE = 100 };
enum kind { PAIR, UNCONNECTED, PIPE_READ, PIPE_WRITE, COUNTER, KINDS };

static struct file {
	int fd, peer, number; /* number: as fd, and known when that is closed */
	uintptr_t use, asked; /* user's pointers: of the opener, the association */
	bool associated[PORTS];
	uint32_t events;
} file[FILES];
static struct port port[PORTS];
static bool alerted;
static uint32_t stale;
static uintptr_t uses;
static int kept[KEPT];
static unsigned keeps;

#define EACH_PORT(p) for (struct port *p = port; p < port + PORTS; p++)

static void open_file(struct file *f, enum kind kind)
{
	int fd[2] = { -1, -1 };
	if (f->fd >= 0)
		return;
	if (kind == PAIR)
		world_socketpair(fd);
	else if (kind == UNCONNECTED)
		fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	else if (kind == COUNTER)
		fd[0] = world_eventfd();
	else
		world_pipe(fd);
	*f = (struct file){ .fd = fd[kind == PIPE_WRITE], .peer = fd[kind != PIPE_WRITE],
			    .use = ++uses };
	f->number = f->fd;
	EACH_PORT(p)
		p->ops->opened(p, f->fd, (void *)f->use);
}

static void close_peer(struct file *f)
{
	if (f->peer >= 0)
		world_close(f->peer);
	f->peer = -1;
}

/* keep: what it names stays open, by another number. */
static void close_file(struct file *f, bool keep)
{
	if (f->fd < 0)
		return;
	if (keep && keeps < KEPT)
		kept[keeps++] = fcntl(f->fd, F_DUPFD_CLOEXEC, PLACE);
	EACH_PORT(p)
		p->ops->closed(p, f->fd);
	world_close(f->fd);
	close_peer(f);
	f->fd = -1;
	f->use = 0;
	memset(f->associated, 0, sizeof f->associated);
}

static void associate(struct file *f, uint32_t events, bool another)
{
	uintptr_t user = f->use + (another ? PLACE : 0);
	bool used = false; /* again, by another file */
	for (unsigned i = 0; i < FILES; i++)
		used |= file[i].fd == f->number || file[i].peer == f->number;
	if (f->number < 0 || (f->fd < 0 && used))
		return;
	stale += f->use != user;
	f->asked = user;
	f->events = events;
	EACH_PORT(p) {
		int error = p->ops->associate(p, f->number, events, (void *)user);
		leave_check(error == (f->fd < 0 ? -EBADF : 0), "another answer to associate()");
		f->associated[p - port] = error == 0;
		/* relaxed: one thread */
		leave_check(load_relaxed(&p->stale) == stale, "another number of stale ones");
	}
}

static void dissociate(struct file *f)
{
	if (f->fd < 0)
		return;
	EACH_PORT(p) {
		bool *was = &f->associated[p - port];
		leave_check(p->ops->dissociate(p, f->fd) == (*was ? 0 : -ENOENT),
			    "another answer to dissociate()");
		*was = false;
	}
}

/* What a port owes of a file now. */
static uint32_t owed(const struct file *f, unsigned by)
{
	if (!f->associated[by] || f->events == 0)
		return 0;
	int ready = world_ready(f->fd, f->events);
	return ready > 0 ? (uint32_t)ready : 0;
}

static void fetch_from(struct port *p, int most, bool briefly)
{
	struct port_event event[PORT_EVENTS];
	unsigned by = (unsigned)(p - port);
	int n, due = 0;
	/* The shortest wait there is, or none. libFuzzer's timer, by which it
	 * sees what hangs, may interrupt it. */
	do
		n = p->ops->getn(p, event, most, briefly);
	while (n == -EINTR);
	if (alerted) {
		leave_check(n == 1 && event[0].events == PORT_ALERT, "an alert is not told");
		return;
	}
	for (unsigned i = 0; i < FILES; i++)
		due += owed(&file[i], by) != 0;
	leave_check(n >= 0 && n <= most && n <= due, "more events than there are");
	leave_check(n == due || most < FILES, "an event is missing");
	for (int i = 0; i < n; i++) {
		struct file *f = file;
		while (f < file + FILES && !(f->fd == event[i].fd && f->associated[by]))
			f++;
		leave_check(f < file + FILES, "an event of nobody");
		if (f == file + FILES)
			return;
		leave_check(event[i].events == owed(f, by), "other events than hold");
		leave_check(event[i].user == (void *)f->asked, "an event for somebody else");
		f->associated[by] = false;
	}
}

static void move(int fd, bool in)
{
	static char bytes[4096];
	for (int64_t done = 1, n = 0; fd >= 0 && done > 0 && n < 100; n++)
		done = in ? world_read(fd, bytes, sizeof bytes)
			  : world_write(fd, bytes, sizeof bytes);
}

static void step(unsigned what)
{
	struct file *f = &file[what / 8 % FILES];
	unsigned more = what / 8 / FILES;
	switch (what % 8) {
	case 0:
		open_file(f, more % KINDS);
		break;
	case 1:
		close_file(f, more % 2);
		break;
	case 2:
	case 3:
		associate(f, (more & 1 ? WORLD_IN : 0) | (more & 2 ? WORLD_OUT : 0), more & 4);
		break;
	case 4:
		dissociate(f);
		break;
	case 5:
		EACH_PORT(p)
			fetch_from(p, more < 6 ? PORT_EVENTS : 1, more == 5);
		break;
	case 6:
		if (more & 1)
			move(f->fd, more & 2);
		else if (more & 2)
			close_peer(f);
		else if (f->peer >= 0)
			world_write(f->peer, "x", 1);
		break;
	default:
		alerted = more & 1;
		EACH_PORT(p)
			leave_check(p->ops->alert(p, alerted) == 0, "an alert fails");
	}
}

/* Closed, and nobody has said so, while what it named stays open: the exact
 * port finds out when it looks. Nothing else is associated any more. */
static void close_untold(struct port *p)
{
	struct port_event event;
	int fd[2];
	leave_check(p->ops->alert(p, false) == 0 && world_pipe(fd) == 0, "nothing to close");
	p->ops->opened(p, fd[1], fd);
	leave_check(p->ops->associate(p, fd[1], WORLD_OUT, fd) == 0, "a pipe is not associated");
	int stays = fcntl(fd[1], F_DUPFD_CLOEXEC, PLACE);
	world_close(fd[1]);
	leave_check(p->ops->getn(p, &event, 1, 0) == 0, "an event of what is closed");
	leave_check(p->ops->dissociate(p, fd[1]) == -ENOENT, "what is closed stays associated");
	world_close(stays);
	world_close(fd[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct port_ops *const ops[PORTS] = {
		[ONESHOT] = &port_oneshot_ops, [EXACT] = &port_exact_ops };
	memset(port, 0, sizeof port);
	for (unsigned i = 0; i < PORTS; i++) {
		port[i].ops = ops[i];
		leave_check(ops[i]->create(&port[i]) == 0, "a port is not created");
		leave_check(ops[i]->associate(&port[i], -1, WORLD_IN, NULL) == -EBADF &&
			    ops[i]->dissociate(&port[i], INT32_MAX) == -EBADF,
			    "a number that can be no descriptor's is taken for one");
		ops[i]->opened(&port[i], -1, NULL);
		ops[i]->closed(&port[i], -1);
	}
	signal(SIGPIPE, SIG_IGN);
	stale = keeps = alerted = 0;
	uses = 0;
	for (unsigned i = 0; i < FILES; i++)
		file[i] = (struct file){ .fd = -1, .peer = -1, .number = -1 };
	for (size_t i = 0; i < size; i++)
		step(data[i]);
	for (unsigned i = 0; i < FILES; i++)
		close_file(&file[i], false);
	while (keeps > 0)
		world_close(kept[--keeps]);
	close_untold(&port[EXACT]);
	EACH_PORT(p)
		p->ops->destroy(p);
	return 0;
}
