#include <errno.h>

#include "kernel/file.h"

/* What is asked for, besides how. */
enum { HOW = (int)(WORLD_ONESHOT | WORLD_EDGE) };

static struct item items[KERNEL_ITEMS];
static unsigned items_used;

void items_begin(void)
{
	for (unsigned i = 0; i < items_used; i++)
		items[i].file = NULL;
	items_used = 0;
}

/* --- the ready list --- */

static void append(struct item *i)
{
	struct file *e = i->epoll;
	if (i->ready)
		return;
	i->ready = true;
	i->after = NULL;
	i->before = e->ready.last;
	if (i->before)
		i->before->after = i;
	else
		e->ready.first = i;
	e->ready.last = i;
}

static void take_out(struct item *i)
{
	struct file *e = i->epoll;
	if (!i->ready)
		return;
	i->ready = false;
	if (i->before)
		i->before->after = i->after;
	else
		e->ready.first = i->after;
	if (i->after)
		i->after->before = i->before;
	else
		e->ready.last = i->before;
}

void file_wake(struct file *f, uint32_t events)
{
	for (struct item *i = f->items; i; i = i->next) {
		/* A one-shot that has fired asks for nothing, not even
		 * errors. */
		uint32_t asked = i->events & ~(uint32_t)HOW;
		if (asked == 0 || (events != 0 && !(asked & events)))
			continue;
		append(i);
		kernel_ready(file_index(i->epoll));
	}
}

/* --- interests --- */

static struct item *find(const struct file *epoll, const struct file *f)
{
	struct item *i = f->items;
	while (i && i->epoll != epoll)
		i = i->next;
	return i;
}

static void drop(struct item *i)
{
	take_out(i);
	struct item **link = &i->file->items;
	while (*link != i)
		link = &(*link)->next;
	*link = i->next;
	i->file = NULL;
}

void items_forget(struct file *f)
{
	while (f->items)
		drop(f->items);
	for (unsigned i = 0; f->kind == FILE_EPOLL && i < items_used; i++)
		if (items[i].file && items[i].epoll == f)
			drop(&items[i]);
}

static struct item *item_new(struct file *epoll, struct file *f)
{
	unsigned n = 0;
	while (n < KERNEL_ITEMS && items[n].file)
		n++;
	if (n == KERNEL_ITEMS)
		return NULL;
	if (n >= items_used)
		items_used = n + 1;
	struct item *i = &items[n];
	*i = (struct item){ .epoll = epoll, .file = f, .next = f->items };
	f->items = i;
	return i;
}

static void set(struct item *i, uint32_t events, uint64_t data)
{
	i->events = events | WORLD_ERR | WORLD_HUP;
	i->data = data;
	if (!(file_poll(i->file) & i->events))
		return;
	append(i);
	kernel_ready(file_index(i->epoll));
}

int kernel_epoll_ctl(int epoll, enum world_ctl op, int fd, uint32_t events, uint64_t data)
{
	struct file *e = file_of(epoll), *f = file_of(fd);
	if (!e || !f)
		return -EBADF;
	if (e->kind != FILE_EPOLL || f->kind == FILE_EPOLL)
		return -EINVAL;
	struct item *i = find(e, f);
	if (op == WORLD_ADD && i)
		return -EEXIST;
	if (op != WORLD_ADD && !i)
		return -ENOENT;
	if (op == WORLD_DEL) {
		drop(i);
		return 0;
	}
	if (!i)
		i = item_new(e, f);
	if (!i)
		return -ENOSPC;
	set(i, events, data);
	return 0;
}

/* Level-triggered items go back to the end, behind those that found no room in
 * this call. */
int kernel_epoll_wait(int epoll, struct world_event *events, int n, uint8_t *from)
{
	struct file *e = file_of(epoll);
	if (!e)
		return -EBADF;
	if (n <= 0 || e->kind != FILE_EPOLL)
		return -EINVAL;
	struct item *again[KERNEL_ITEMS];
	int count = 0, levels = 0;
	while (count < n && e->ready.first) {
		struct item *i = e->ready.first;
		take_out(i);
		uint32_t seen = file_poll(i->file) & i->events;
		if (!seen)
			continue;
		if (from)
			from[count] = file_index(i->file);
		events[count++] = (struct world_event){ seen, i->data };
		if (i->events & WORLD_ONESHOT)
			i->events &= HOW;
		else if (!(i->events & WORLD_EDGE))
			again[levels++] = i;
	}
	for (int i = 0; i < levels; i++)
		append(again[i]);
	if (e->ready.first)
		kernel_ready(file_index(e));
	return count;
}
