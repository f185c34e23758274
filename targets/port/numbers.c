/* Descriptor numbers, for ports in user space: what stands for each, and for
 * whom it was opened.
 *
 * A number is used again as soon as its descriptor is closed. An association
 * that somebody makes with the number he remembers is then one with somebody
 * else's descriptor, and no kernel says so. The table does.
 */
#include <errno.h>
#include <string.h>

#include "port/port.h"

void port_numbers_start(struct port *port)
{
	mutex_init(&port->lock);
	word_init(&port->alerted, 0);
	word_init(&port->stale, 0);
	port->chunks = world_map(PORT_CHUNKS * sizeof *port->chunks);
	port->chunks_end = 0;
}

void port_numbers_stop(struct port *port)
{
	for (int i = 0; i < port->chunks_end; i++) {
		/* relaxed: nobody is left */
		struct port_number *chunk = (void *)load_relaxed(&port->chunks[i]);
		if (chunk)
			world_unmap(chunk, PORT_CHUNK * sizeof *chunk);
	}
	world_unmap(port->chunks, PORT_CHUNKS * sizeof *port->chunks);
}

static struct port_number *make_chunk(struct port *port, wordptr *at)
{
	mutex_lock(&port->lock);
	/* relaxed: written under the lock only */
	struct port_number *chunk = (void *)load_relaxed(at);
	if (!chunk) {
		chunk = world_map(PORT_CHUNK * sizeof *chunk);
		for (int i = 0; i < PORT_CHUNK; i++)
			mutex_init(&chunk[i].lock);
		/* pairs with: port_number() load — the chunk's locks */
		store_release(at, (uintptr_t)chunk);
		if (at - port->chunks >= port->chunks_end)
			port->chunks_end = (int)(at - port->chunks) + 1;
	}
	mutex_unlock(&port->lock);
	return chunk;
}

struct port_number *port_number(struct port *port, int fd)
{
	if (fd < 0 || fd >= PORT_CHUNKS * PORT_CHUNK)
		return NULL;
	wordptr *at = &port->chunks[fd / PORT_CHUNK];
	/* pairs with: make_chunk() store */
	struct port_number *chunk = (void *)load_acquire(at);
	if (!chunk)
		chunk = make_chunk(port, at);
	return &chunk[fd % PORT_CHUNK];
}

void port_number_opened(struct port *port, int fd, const void *user)
{
	struct port_number *at = port_number(port, fd);
	if (!at)
		return;
	mutex_lock(&at->lock);
	at->owner = user;
	mutex_unlock(&at->lock);
}

void port_number_closed(struct port_number *at)
{
	at->owner = NULL;
	at->associated = false;
	at->serial++;
}

void port_number_check(struct port *port, const struct port_number *at, const void *user)
{
	if (at->owner != user)
		/* relaxed: a count, read when all is over */
		fetch_add_relaxed(&port->stale, 1);
}
