#include "kernel/file.h"

#include <errno.h>
#include <string.h>

enum { FIRST_FD = 3 };

/* The lowest number that is given out: below are those that a program finds
 * open, where it does. */
static int first_fd = FIRST_FD;

static struct file files[KERNEL_FILES];
static unsigned files_used; /* those beyond were never used in this execution */
static struct file *table[KERNEL_FDS];
static int table_used = FIRST_FD;

void kernel_begin(void)
{
	for (unsigned i = 0; i < files_used; i++)
		files[i].kind = FILE_FREE;
	for (int fd = 0; fd < table_used; fd++)
		table[fd] = NULL;
	files_used = 0;
	table_used = first_fd = FIRST_FD;
	items_begin();
}

void kernel_fds_from(int fd)
{
	first_fd = fd;
}

unsigned kernel_open(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < table_used; fd++)
		n += table[fd] != NULL;
	return n;
}

/* --- files and their numbers --- */

unsigned file_index(const struct file *f)
{
	return f - files;
}

struct file *file_of(int fd)
{
	return fd >= 0 && fd < KERNEL_FDS ? table[fd] : NULL;
}

int kernel_file(int fd)
{
	struct file *f = file_of(fd);
	return f ? (int)file_index(f) : -EBADF;
}

unsigned kernel_peer(unsigned file)
{
	struct file *f = &files[file];
	return file_index(f->peer ? f->peer : f);
}

static void queue_clear(struct queue *q)
{
	memset(q, 0, offsetof(struct queue, left));
}

struct file *file_new(enum file_kind kind)
{
	unsigned i = 0;
	while (i < KERNEL_FILES && files[i].kind != FILE_FREE)
		i++;
	if (i == KERNEL_FILES)
		return NULL;
	if (i >= files_used)
		files_used = i + 1;
	struct file *f = &files[i];
	f->kind = kind;
	f->open = true;
	f->error = 0;
	f->peer = NULL;
	f->items = NULL;
	if (kind == FILE_SOCKET || kind == FILE_PIPE_READ)
		queue_clear(&f->queue);
	else
		memset(&f->backlog, 0, sizeof f->backlog);
	return f;
}

static void file_free(struct file *f)
{
	f->open = false;
	if (f->peer && f->peer->open)
		return;
	if (f->peer)
		f->peer->kind = FILE_FREE;
	f->kind = FILE_FREE;
}

int file_name(struct file *f)
{
	for (int fd = first_fd; fd < KERNEL_FDS; fd++) {
		if (table[fd])
			continue;
		table[fd] = f;
		if (fd >= table_used)
			table_used = fd + 1;
		return fd;
	}
	file_free(f);
	return -EMFILE;
}

/* Two ends of one thing. Returns false if there is no room for both. */
static bool ends_new(struct file *end[2], enum file_kind first, enum file_kind second)
{
	end[0] = file_new(first);
	end[1] = end[0] ? file_new(second) : NULL;
	if (!end[1]) {
		if (end[0])
			file_free(end[0]);
		return false;
	}
	end[0]->peer = end[1];
	end[1]->peer = end[0];
	return true;
}

static int ends_name(struct file *end[2], int fd[2])
{
	fd[0] = file_name(end[0]);
	fd[1] = fd[0] < 0 ? fd[0] : file_name(end[1]);
	if (fd[1] >= 0)
		return 0;
	if (fd[0] >= 0) {
		table[fd[0]] = NULL;
		file_free(end[0]);
	} else {
		file_free(end[1]);
	}
	return -EMFILE;
}

int kernel_pipe(int fd[2])
{
	struct file *end[2];
	return ends_new(end, FILE_PIPE_READ, FILE_PIPE_WRITE) ? ends_name(end, fd) : -ENFILE;
}

int kernel_socketpair(int fd[2])
{
	struct file *end[2];
	return ends_new(end, FILE_SOCKET, FILE_SOCKET) ? ends_name(end, fd) : -ENFILE;
}

static int name_new(enum file_kind kind)
{
	struct file *f = file_new(kind);
	return f ? file_name(f) : -ENFILE;
}

int kernel_eventfd(void)
{
	return name_new(FILE_EVENT);
}

int kernel_epoll_create(void)
{
	return name_new(FILE_EPOLL);
}

/* --- connections: complete at once, as those of one machine are --- */

int kernel_listen(void)
{
	return name_new(FILE_LISTENER);
}

int kernel_connect(int listener)
{
	struct file *l = file_of(listener), *end[2];
	if (!l)
		return -EBADF;
	if (l->kind != FILE_LISTENER)
		return l->kind == FILE_SOCKET ? -EINVAL : -ENOTSOCK;
	if (l->backlog.count == BACKLOG + 1)
		return -EAGAIN;
	if (!ends_new(end, FILE_SOCKET, FILE_SOCKET))
		return -ENFILE;
	int fd = file_name(end[0]);
	if (fd < 0) {
		file_free(end[1]);
		return fd;
	}
	l->backlog.waiting[l->backlog.count++] = end[1];
	file_wake(l, WORLD_IN);
	return fd;
}

int kernel_accept(int fd)
{
	struct file *l = file_of(fd);
	if (!l)
		return -EBADF;
	if (l->kind != FILE_LISTENER)
		return l->kind == FILE_SOCKET ? -EINVAL : -ENOTSOCK;
	if (l->backlog.count == 0)
		return -EAGAIN;
	struct file *end = l->backlog.waiting[0];
	int accepted = file_name(end);
	if (accepted < 0)
		return accepted;
	l->backlog.count--;
	memmove(l->backlog.waiting, l->backlog.waiting + 1,
		l->backlog.count * sizeof *l->backlog.waiting);
	return accepted;
}

/* --- the end of a file --- */

/* A connection that is closed unread, or was never accepted, is reset. */
static void socket_close(struct file *f, bool accepted)
{
	bool unread = f->queue.messages > 0 || !accepted;
	queue_clear(&f->queue);
	file_free(f);
	if (f->kind == FILE_FREE)
		return;
	if (unread)
		f->peer->error = -ECONNRESET;
	file_wake(f->peer, 0);
}

int kernel_close(int fd)
{
	struct file *f = file_of(fd);
	if (!f)
		return -EBADF;
	table[fd] = NULL;
	items_forget(f);
	switch ((enum file_kind)f->kind) {
	case FILE_SOCKET:
		socket_close(f, true);
		return 0;
	case FILE_LISTENER:
		for (unsigned i = 0; i < f->backlog.count; i++)
			socket_close(f->backlog.waiting[i], false);
		break;
	case FILE_PIPE_READ:
	case FILE_PIPE_WRITE:
		if (f->peer->open)
			file_wake(f->peer, 0);
		break;
	default:
		break;
	}
	file_free(f);
	return 0;
}

/* --- readiness --- */

static uint32_t socket_poll(const struct file *f)
{
	return (f->error ? WORLD_ERR : 0) |
	       (f->peer->open ? 0 : WORLD_HUP | WORLD_RDHUP | WORLD_IN) |
	       (f->queue.messages > 0 ? WORLD_IN : 0) | (socket_writable(f) ? WORLD_OUT : 0);
}

uint32_t file_poll(const struct file *f)
{
	switch ((enum file_kind)f->kind) {
	case FILE_SOCKET:
		return socket_poll(f);
	case FILE_LISTENER:
		return f->backlog.count > 0 ? WORLD_IN : 0;
	case FILE_PIPE_READ:
		return (f->queue.bytes > 0 ? WORLD_IN : 0) | (f->peer->open ? 0 : WORLD_HUP);
	case FILE_PIPE_WRITE:
		return (pipe_full(&f->peer->queue) ? 0 : WORLD_OUT) |
		       (f->peer->open ? 0 : WORLD_ERR);
	case FILE_EVENT:
		return (f->count > 0 ? WORLD_IN : 0) |
		       (f->count < UINT64_MAX - 1 ? WORLD_OUT : 0);
	case FILE_EPOLL:
	case FILE_FREE:
		break;
	}
	return 0;
}

int kernel_poll(int fd, uint32_t events)
{
	const struct file *f = file_of(fd);
	return f ? (int)(file_poll(f) & (events | WORLD_ERR | WORLD_HUP)) : -EBADF;
}
