#include "sched/timers.h"

#include <string.h>

#include "sched/idle.h"

enum { ARITY = 4, FIRST_ROOM = 512 };

/* --- the heap; lock held --- */

static void place(struct timers *h, struct timer *t, uint32_t i)
{
	h->heap[i] = t;
	t->heap_index = i + 1;
}

/* Moves the timer at i to where it belongs. */
static void sift(struct timers *h, uint32_t i)
{
	struct timer *t = h->heap[i];
	while (i > 0 && t->when < h->heap[(i - 1) / ARITY]->when) {
		place(h, h->heap[(i - 1) / ARITY], i);
		i = (i - 1) / ARITY;
	}
	for (;;) {
		uint32_t least = ARITY * i + 1, end = least + ARITY;
		if (least >= h->count)
			break;
		for (uint32_t c = least; ++c < end && c < h->count;)
			if (h->heap[c]->when < h->heap[least]->when)
				least = c;
		if (h->heap[least]->when >= t->when)
			break;
		place(h, h->heap[least], i);
		i = least;
	}
	place(h, t, i);
}

static void take_out(struct timers *h, struct timer *t)
{
	uint32_t i = t->heap_index - 1;
	t->heap_index = 0;
	struct timer *last = h->heap[--h->count];
	if (last == t)
		return;
	place(h, last, i);
	sift(h, i);
}

static void make_room(struct timers *h)
{
	if (h->count < h->room)
		return;
	uint32_t room = h->room ? 2 * h->room : FIRST_ROOM;
	struct timer **heap = world_map(room * sizeof *heap);
	if (h->room) {
		memcpy(heap, h->heap, h->count * sizeof(struct timer *));
		world_unmap(h->heap, h->room * sizeof(struct timer *));
	}
	h->heap = heap;
	h->room = room;
}

static void publish_first(struct timers *h)
{
	/* pairs with: timers_first() — before the adder looks whether anybody
	 * sleeps too long */
	store_seq_cst(&h->first, h->count ? (uint64_t)h->heap[0]->when : 0);
}

/* --- from outside --- */

/* A processor for a timer that somebody without one starts. */
static struct P *home_of(struct timer *t)
{
	struct M *m = m_self();
	if (t->home)
		return t->home;
	return m && m->p ? m->p : sched_current()->p[0];
}

void timers_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t), void *arg,
		  uintptr_t seq)
{
	struct P *p = home_of(t);
	struct timers *h = &p->timers;
	mutex_lock(&h->lock);
	t->when = when;
	t->fire = fire;
	t->arg = arg;
	t->seq = seq;
	t->home = p;
	if (t->heap_index == 0) {
		make_room(h);
		h->heap[h->count] = t;
		t->heap_index = ++h->count;
	}
	sift(h, t->heap_index - 1);
	bool first = h->heap[0] == t;
#ifdef BUG_TIMER_UNSEEN
	/* moved: the sleepers are looked at before the new timer can be seen. A
	 * worker that goes to sleep in between sleeps past it: lost_wakeup, on
	 * any machine. */
	if (first)
		idle_wake_for(p->s, when);
	publish_first(h);
	mutex_unlock(&h->lock);
#else
	publish_first(h);
	mutex_unlock(&h->lock);
	if (first)
		idle_wake_for(p->s, when);
#endif
}

void timers_stop(struct timer *t)
{
	struct P *p = t->home;
	if (!p)
		return; /* never started */
	mutex_lock(&p->timers.lock);
	if (t->heap_index != 0) {
		take_out(&p->timers, t);
		publish_first(&p->timers);
	}
	mutex_unlock(&p->timers.lock);
}

/* --- for workers --- */

/* Fires the first. Lock held, released around the firing: what fires takes
 * locks under which others start timers. */
static void fire_first(struct timers *h)
{
	struct timer *t = h->heap[0];
	void (*fire)(void *, uintptr_t) = t->fire;
	void *arg = t->arg;
	take_out(h, t);
	publish_first(h);
#ifdef BUG_TIMER_SEQ_LATE
	/* moved: the cookie belongs to what was armed, so it is taken with the
	 * rest. Here a change that overtakes the firing lends it its own:
	 * stale_arm, on any machine. */
	mutex_unlock(&h->lock);
	mutex_lock(&h->lock);
#endif
	uintptr_t seq = t->seq;
#ifdef BUG_FIRE_LOCKED
	/* dropped: the lock is released around the firing. It takes the
	 * descriptor's lock, under which a deadline's setter takes this one:
	 * deadlock, on any machine. */
	fire(arg, seq);
#else
	mutex_unlock(&h->lock);
	fire(arg, seq);
	mutex_lock(&h->lock);
#endif
}

unsigned timers_run(struct P *p, int64_t now)
{
	struct timers *h = &p->timers;
	unsigned n = 0;
	mutex_lock(&h->lock);
	while (h->count > 0 && h->heap[0]->when <= now) {
		fire_first(h);
		n++;
	}
	mutex_unlock(&h->lock);
	/* relaxed: a figure */
	fetch_add_relaxed(&p->s->fired, n);
	return n;
}

int64_t timers_next(struct sched *s)
{
	int64_t next = 0;
	for (unsigned i = 0; i < s->procs; i++) {
		int64_t first = timers_first(s->p[i]);
		if (first != 0 && (next == 0 || first < next))
			next = first;
	}
	return next;
}

void timers_end(struct P *p)
{
	if (p->timers.room)
		world_unmap(p->timers.heap, p->timers.room * sizeof(struct timer *));
}
