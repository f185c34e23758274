#include "sched/runq.h"

#include "sched/idle.h"

/* A ring is full: moves its older half, and g, to the global queue. Returns
 * false if thieves came first. */
static bool spill(struct P *p, struct G *g, uint32_t head, uint32_t tail)
{
	uint32_t n = (tail - head) / 2;
	/* The race lost: a thief. relaxed: only the owner writes slots, so that
	 * they are read below as they were */
	if (!cas_relaxed(&p->head, &head, head + n))
		return false;
	struct G *first = g;
	for (uint32_t i = n; i-- > 0;) {
		/* relaxed: as above */
		struct G *before = (struct G *)load_relaxed(&p->ring[(head + i) & p->mask]);
		before->link = first;
		first = before;
	}
	mutex_lock(&p->s->lock);
	global_put(p->s, first, g, n + 1);
	mutex_unlock(&p->s->lock);
	return true;
}

void runq_put(struct P *p, struct G *g)
{
	for (;;) {
		/* pairs with: grab() swap — the slots are free. kept: as there
		 */
		uint32_t head = load_acquire(&p->head);
		/* relaxed: own word */
		uint32_t tail = load_relaxed(&p->tail);
		if (tail - head <= p->mask) {
			/* relaxed: published by tail */
			store_relaxed(&p->ring[tail & p->mask], (uintptr_t)g);
#ifdef BUG_PUT_RELAXED
			/* dropped: the release. A thief takes what the slot
			 * held before: lost_item, not on x86. relaxed: the bug
			 */
			store_relaxed(&p->tail, tail + 1);
#else
			/* pairs with: runq_steal() load — the slot */
			store_release(&p->tail, tail + 1);
#endif
			return;
		}
		if (spill(p, g, head, tail))
			return;
	}
}

void runq_put_next(struct P *p, struct G *g)
{
	/* pairs with: take_next() swap; and, before spinning is read,
	 * idle_leave() decrement */
	struct G *old = (struct G *)exchange_seq_cst(&p->next, (uintptr_t)g);
	if (old)
		runq_put(p, old);
}

static struct G *take_next(struct P *p)
{
	/* relaxed: the swap compares it */
	uintptr_t next = load_relaxed(&p->next);
	/* The race lost: a thief, so it is gone; only the owner puts one there.
	 * pairs with: runq_put_next(); runq_empty() — who was kicked into the
	 * ring */
	if (next != 0 && cas_acq_rel(&p->next, &next, 0))
		return (struct G *)next;
	return NULL;
}

static struct G *take_first(struct P *p)
{
	/* relaxed: the swap compares it */
	uint32_t head = load_relaxed(&p->head);
	for (;;) {
		/* relaxed: own word */
		if (load_relaxed(&p->tail) == head)
			return NULL;
		/* relaxed: own slot; the swap says whether it still is */
		uintptr_t g = load_relaxed(&p->ring[head & p->mask]);
		/* The race lost: a thief. relaxed: only the owner writes slots
		 */
		if (cas_relaxed(&p->head, &head, head + 1))
			return (struct G *)g;
	}
}

void runq_send(struct P *to, struct G *first, struct G *last)
{
	/* relaxed: it is linked, not looked at; and the swap compares it */
	uintptr_t seen = load_relaxed(&to->sent);
	do {
		last->link = (struct G *)seen;
		/* The race lost: another sender, or who took them. pairs with:
		 * take_list() exchange — links */
	} while (!cas_release(&to->sent, &seen, (uintptr_t)first));
}

/* Takes all that was sent to p, linked. NULL: there was none. By anybody. */
static struct G *take_list(struct P *p)
{
	/* relaxed: a hint; whoever leaves looks again */
	uintptr_t seen = load_relaxed(&p->sent);
	if (seen == 0)
		return NULL;
#ifdef BUG_SENT_SPLIT
	/* dropped: taking and leaving nothing are one step. Two take the same,
	 * or what is sent meanwhile is gone: duplicate_item or lost_item, on
	 * any machine. */
	/* pairs with: runq_send() swap */
	struct G *first = (struct G *)load_acquire(&p->sent);
	store_release(&p->sent, 0); /* pairs with: as above */
#else
	/* pairs with: runq_send() swap — links */
	struct G *first = (struct G *)exchange_acquire(&p->sent, 0);
#endif
	return first;
}

/* The owner puts all of a list behind the others. */
static void put_list(struct P *p, struct G *g)
{
	if (!g)
		return;
	for (struct G *next; g; g = next) {
		next = g->link;
		runq_put(p, g);
	}
	/* Who left meanwhile may have seen them nowhere. */
	runq_publish();
	idle_wake(p->s);
}

/* Takes what was sent to `from`: the first, and the others come into own's
 * ring. By own's owner. NULL: there was none. */
static struct G *take_sent(struct P *own, struct P *from)
{
	struct G *first = take_list(from);
	if (first)
		put_list(own, first->link);
	return first;
}

void runq_receive(struct P *p)
{
	put_list(p, take_list(p));
}

struct G *runq_get(struct P *p, bool fair)
{
	struct G *g = fair ? take_first(p) : take_next(p);
	if (!g)
		g = fair ? take_next(p) : take_first(p);
	return g ? g : take_sent(p, p);
}

/* Copies half of from's ring behind to's tail. Returns how many. */
static uint32_t grab(struct P *from, struct P *to, uint32_t tail)
{
	for (;;) {
		/* relaxed: the swap compares it */
		uint32_t head = load_relaxed(&from->head);
		/* pairs with: runq_put() store — the slots */
		uint32_t end = load_acquire(&from->tail);
		uint32_t n = end - head;
		n -= n / 2;
		if (n == 0)
			return 0;
		if (n > (from->mask + 1) / 2)
			continue; /* head and tail are of different times */
		for (uint32_t i = n; i-- > 0;) {
			/* relaxed: here and below, the swap says whether they
			 * were still there */
			uintptr_t g = load_relaxed(&from->ring[(head + i) & from->mask]);
			/* relaxed: published by tail */
			store_relaxed(&to->ring[(tail + i) & to->mask], g);
		}
#ifdef BUG_STEAL_STORE
		/* dropped: the swap compares. What the owner takes meanwhile is
		 * taken twice: duplicate_item, on any machine. pairs with:
		 * runq_put() */
		store_release(&from->head, head + n);
		return n;
#endif
		/* The race lost: the owner or another thief. pairs with:
		 * runq_put() load — slots read. kept: without it a load may
		 * come after the swap, which no model here shows */
		if (cas_release(&from->head, &head, head + n))
			return n;
	}
}

struct G *runq_steal(struct P *to, struct P *from, bool next)
{
	/* relaxed: own word */
	uint32_t tail = load_relaxed(&to->tail);
	uint32_t n = grab(from, to, tail);
	if (n == 0) {
		struct G *g = take_sent(to, from);
		return g || !next ? g : take_next(from);
	}
	n--;
	/* relaxed: the thief wrote it above */
	struct G *g = (struct G *)load_relaxed(&to->ring[(tail + n) & to->mask]);
	/* pairs with: grab(), of the next thief — the slots */
	store_release(&to->tail, tail + n);
	return g;
}

bool runq_empty(struct P *p)
{
	/* Before the ring, into which one may be kicked from there. pairs with:
	 * runq_put_next() — a leaver's last look, after it has stopped
	 * spinning */
	if (load_seq_cst(&p->next) != 0)
		return false;
	/* pairs with: runq_publish(), after runq_send() */
	if (load_seq_cst(&p->sent) != 0)
		return false;
	/* pairs with: runq_publish(); take_next() swap — the ring */
	uint32_t tail = load_seq_cst(&p->tail);
	/* relaxed: an old one shows more than there is */
	return load_relaxed(&p->head) == tail;
}

/* --- the global queue --- */

static void set_queued(struct sched *s, uint32_t n)
{
	/* relaxed: a hint for those without the lock */
	store_relaxed(&s->queued, n);
}

void global_put(struct sched *s, struct G *first, struct G *last, unsigned n)
{
	last->link = NULL;
	if (s->last)
		s->last->link = first;
	else
		s->first = first;
	s->last = last;
	/* relaxed: written under the lock only */
	set_queued(s, load_relaxed(&s->queued) + n);
}

static struct G *global_first(struct sched *s)
{
	struct G *g = s->first;
	s->first = g->link;
	if (!s->first)
		s->last = NULL;
	return g;
}

struct G *global_get(struct sched *s, struct P *p, unsigned most)
{
	/* relaxed: written under the lock only */
	uint32_t size = load_relaxed(&s->queued), n = size / s->procs + 1;
	if (size == 0)
		return NULL;
	n = n > size ? size : n;
	n = n > most ? most : n;
	n = n > (p->mask + 1) / 2 ? (p->mask + 1) / 2 : n;
	set_queued(s, size - n);
	struct G *g = global_first(s);
	/* Not runq_put(): a full ring would spill, which takes the lock. There
	 * is room: the ring was empty, or one is asked for. */
	while (--n > 0)
		runq_put(p, global_first(s));
	return g;
}
