#include <errno.h>
#include <string.h>

#include "poller/info.h"
#include "poller/poller.h"

enum { BLOCK_BYTES = 4096, BLOCKS_HEADER = 64 };

int poller_start(struct poller *p, const struct poll_backend *backend)
{
	memset(p, 0, sizeof *p);
	mutex_init(&p->lock);
	word_init(&p->waiters, 0);
	word_init(&p->wake_pending, 0);
	word_init(&p->in_vain, 0);
	p->backend = backend;
	return backend->start(p);
}

void poller_stop(struct poller *p)
{
	if (p->in_use != 0)
		world_fatal("poller stopped while a descriptor is open");
	p->backend->stop(p);
	for (void *block = p->blocks; block;) {
		void *next = *(void **)block;
		world_unmap(block, BLOCK_BYTES);
		block = next;
	}
	p->blocks = NULL;
	p->first = NULL;
}

void poller_each(struct poller *p, void (*look)(struct poll_desc *pd))
{
	mutex_lock(&p->lock);
	void *block = p->blocks;
	mutex_unlock(&p->lock);
	for (; block; block = *(void **)block) {
		size_t n = (BLOCK_BYTES - BLOCKS_HEADER) / sizeof(struct poll_desc);
		struct poll_desc *pd = (struct poll_desc *)((char *)block + BLOCKS_HEADER);
		for (size_t i = 0; i < n; i++)
			look(&pd[i]);
	}
}

void poller_adjust(struct poller *p, int delta)
{
	if (delta != 0)
		/* relaxed: only tells pollers whether anybody may be waiting */
		fetch_add_relaxed(&p->waiters, (uint32_t)delta);
}

void poll_desc_init(struct poll_desc *pd, struct poller *p)
{
	pd->link = NULL;
	pd->poller = p;
	pd->fd = -1;
	pd->fd_seq = 1;
	mutex_init(&pd->lock);
	word_init(&pd->rg, SEM_NIL);
	word_init(&pd->wg, SEM_NIL);
#ifdef BARE_FLAGS
	word_init(&pd->closing, 0);
	word_init(&pd->event_error, 0);
	word_init(&pd->unrelated, 0);
	word_init(&pd->rd, 0);
	word_init(&pd->wd, 0);
#else
	word_init(&pd->info, 1u << INFO_SEQ_SHIFT);
	pd->closing = 0;
	pd->rd = pd->wd = 0;
#endif
	pd->user = 0;
	word_init(&pd->ended, 0);
	pd->drained = false;
	pd->rseq = pd->wseq = 0;
	pd->rt_armed = pd->wt_armed = false;
	pd->rt.heap_index = pd->wt.heap_index = 0;
}

/* A block of descriptors, kept until the poller stops. Lock held. */
static void refill(struct poller *p)
{
	char *block = world_map(BLOCK_BYTES);
	*(void **)block = p->blocks;
	p->blocks = block;
	size_t n = (BLOCK_BYTES - BLOCKS_HEADER) / sizeof(struct poll_desc);
	struct poll_desc *pd = (struct poll_desc *)(block + BLOCKS_HEADER);
	for (size_t i = 0; i < n; i++) {
		poll_desc_init(&pd[i], p);
		pd[i].link = p->first;
		p->first = &pd[i];
	}
	p->allocated += n;
}

static struct poll_desc *take_free(struct poller *p)
{
	mutex_lock(&p->lock);
	if (!p->first)
		refill(p);
	struct poll_desc *pd = p->first;
	p->first = pd->link;
	p->in_use++;
	mutex_unlock(&p->lock);
	return pd;
}

static void give_back(struct poller *p, struct poll_desc *pd)
{
	/* The next generation: events that name this one are stale from here
	 * on. 0 means "do not compare" in events, so it is skipped. */
	mutex_lock(&pd->lock);
	pd->fd_seq = (pd->fd_seq + 1) & INFO_SEQ_MASK;
	/* unreached: after 2^19 uses of one struct */
	if (pd->fd_seq == 0)
		pd->fd_seq = 1;
	info_publish(pd);
	mutex_unlock(&pd->lock);
	mutex_lock(&p->lock);
	pd->link = p->first;
	p->first = pd;
	p->in_use--;
	mutex_unlock(&p->lock);
}

static void check_idle(struct poll_desc *pd, const char *message)
{
	/* pairs with: poll_block() — no waiter may be there at these points */
	uintptr_t r = sem_load(&pd->rg);
	uintptr_t w = sem_load(&pd->wg);
	if ((r != SEM_NIL && r != SEM_READY) || (w != SEM_NIL && w != SEM_READY))
		world_fatal(message);
}

int poll_open(struct poller *p, int fd, struct poll_desc **out)
{
	struct poll_desc *pd = take_free(p);
	mutex_lock(&pd->lock);
	check_idle(pd, "a free descriptor has a waiter");
	pd->fd = fd;
	pd->user = 0;
	/* relaxed: no event names it yet */
	store_relaxed(&pd->ended, 0);
	pd->drained = false;
	flag_set(&pd->closing, 0);
	poll_set_event_error(pd, false, 0);
	pd->rseq++;
	pd->wseq++;
	/* pairs with: poll_take() — a stale event's READY goes */
	sem_store(&pd->rg, SEM_NIL);
	sem_store(&pd->wg, SEM_NIL);
	flag_set(&pd->rd, 0);
	flag_set(&pd->wd, 0);
	info_publish(pd);
	mutex_unlock(&pd->lock);
	int error = p->backend->open(p, pd);
	if (error != 0) {
		give_back(p, pd);
		return error;
	}
	*out = pd;
	return 0;
}

void poll_unblock(struct poll_desc *pd)
{
	mutex_lock(&pd->lock);
	if (flag_get(&pd->closing))
		world_fatal("descriptor unblocked twice");
	flag_set(&pd->closing, 1);
	pd->rseq++;
	pd->wseq++;
	struct g *taken[2];
	int waiters = 0;
	poll_publish_and_take(pd, POLL_READ | POLL_WRITE, taken, &waiters);
	if (pd->rt_armed) {
		runtime->timer_stop(&pd->rt);
		pd->rt_armed = false;
	}
	if (pd->wt_armed) {
		runtime->timer_stop(&pd->wt);
		pd->wt_armed = false;
	}
	mutex_unlock(&pd->lock);
	poll_ready_taken(pd, taken, waiters);
}

void poll_close(struct poll_desc *pd)
{
	if (!flag_get(&pd->closing))
		world_fatal("descriptor closed without unblock");
	check_idle(pd, "a descriptor is closed under its waiter");
	struct poller *p = pd->poller;
	p->backend->close(p, pd);
	give_back(p, pd);
}
