/* Reading and writing: what buffers hold, and who is woken. */
#include <errno.h>
#include <string.h>

#include "kernel/file.h"

static void queue_put(struct queue *q, const uint8_t *from, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		q->byte[(q->head + q->bytes + i) % RING] = from[i];
	q->bytes += bytes;
}

static void queue_take(struct queue *q, uint8_t *to, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = q->byte[(q->head + i) % RING];
	q->head = (q->head + bytes) % RING;
	q->bytes -= bytes;
}

bool socket_writable(const struct file *f)
{
	return f->peer->queue.cost * 4 <= SOCKET_BUFFER;
}

static int64_t socket_write(struct file *f, const uint8_t *from, size_t bytes)
{
	struct queue *q = &f->peer->queue;
	size_t done = 0;
	if (!f->peer->open)
		return -EPIPE;
	while (done < bytes && q->cost < SOCKET_BUFFER && q->messages < MESSAGES) {
		size_t n = bytes - done;
		if (n > SOCKET_BUFFER / 2 - MESSAGE_COST)
			n = SOCKET_BUFFER / 2 - MESSAGE_COST;
		unsigned last = (q->first + q->messages++) % MESSAGES;
		q->left[last] = q->sent[last] = n;
		q->cost += n + MESSAGE_COST;
		queue_put(q, from + done, n);
		done += n;
		file_wake(f->peer, WORLD_IN);
	}
	return done == 0 && bytes > 0 ? -EAGAIN : (int64_t)done;
}

/* The room that messages took is free once they are read to their end. */
static int64_t socket_read(struct file *f, uint8_t *to, size_t bytes)
{
	struct queue *q = &f->queue;
	size_t done = 0;
	bool freed = false;
	if (bytes == 0)
		return 0;
	while (done < bytes && q->messages > 0) {
		uint16_t *left = &q->left[q->first];
		size_t n = bytes - done < *left ? bytes - done : *left;
		queue_take(q, to + done, n);
		done += n;
		*left -= n;
		if (*left > 0)
			break;
		q->cost -= q->sent[q->first] + MESSAGE_COST;
		q->first = (q->first + 1) % MESSAGES;
		q->messages--;
		freed = true;
	}
	if (freed && f->peer->open && socket_writable(f->peer))
		file_wake(f->peer, WORLD_OUT);
	if (done > 0)
		return done;
	int error = f->error;
	f->error = 0;
	return error ? error : f->peer->open ? -EAGAIN : 0;
}

bool pipe_full(const struct queue *q)
{
	return PIPE_BUFFER - q->bytes < PIPE_ATOMIC;
}

static int64_t pipe_write(struct file *f, const uint8_t *from, size_t bytes)
{
	struct queue *q = &f->peer->queue;
	if (bytes == 0)
		return 0;
	if (!f->peer->open)
		return -EPIPE;
	size_t room = pipe_full(q) ? 0 : PIPE_BUFFER - q->bytes;
	size_t n = bytes < room ? bytes : room;
	queue_put(q, from, n);
	/* Even where nothing was written: a reader by edges is told again. */
	file_wake(f->peer, WORLD_IN);
	return n > 0 ? (int64_t)n : -EAGAIN;
}

static int64_t pipe_read(struct file *f, uint8_t *to, size_t bytes)
{
	struct queue *q = &f->queue;
	if (bytes == 0)
		return 0;
	if (q->bytes == 0)
		return f->peer->open ? -EAGAIN : 0;
	bool was_full = pipe_full(q);
	size_t n = bytes < q->bytes ? bytes : q->bytes;
	queue_take(q, to, n);
	if (was_full && !pipe_full(q))
		file_wake(f->peer, WORLD_OUT);
	return n;
}

static int64_t event_read(struct file *f, uint8_t *to, size_t bytes)
{
	if (bytes < sizeof f->count)
		return -EINVAL;
	if (f->count == 0)
		return -EAGAIN;
	memcpy(to, &f->count, sizeof f->count);
	f->count = 0;
	file_wake(f, WORLD_OUT);
	return sizeof f->count;
}

static int64_t event_write(struct file *f, const uint8_t *from, size_t bytes)
{
	uint64_t more;
	if (bytes < sizeof more)
		return -EINVAL;
	memcpy(&more, from, sizeof more);
	if (more == UINT64_MAX)
		return -EINVAL;
	if (UINT64_MAX - f->count <= more)
		return -EAGAIN;
	f->count += more;
	file_wake(f, WORLD_IN);
	return sizeof more;
}

int64_t kernel_read(int fd, void *buffer, size_t bytes)
{
	struct file *f = file_of(fd);
	if (!f)
		return -EBADF;
	switch ((enum file_kind)f->kind) {
	case FILE_SOCKET:
		return socket_read(f, buffer, bytes);
	case FILE_PIPE_READ:
		return pipe_read(f, buffer, bytes);
	case FILE_EVENT:
		return event_read(f, buffer, bytes);
	case FILE_PIPE_WRITE:
		return -EBADF;
	default:
		return -EINVAL;
	}
}

int64_t kernel_write(int fd, const void *buffer, size_t bytes)
{
	struct file *f = file_of(fd);
	if (!f)
		return -EBADF;
	switch ((enum file_kind)f->kind) {
	case FILE_SOCKET:
		return socket_write(f, buffer, bytes);
	case FILE_PIPE_WRITE:
		return pipe_write(f, buffer, bytes);
	case FILE_EVENT:
		return event_write(f, buffer, bytes);
	case FILE_LISTENER:
		return -ENOTCONN;
	case FILE_PIPE_READ:
		return -EBADF;
	default:
		return -EINVAL;
	}
}
