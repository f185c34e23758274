/* The run queues of two processors and the queue of all as plain lists, and
 * what is expected of each operation on them.
 */
#ifndef FUZZ_CHECKS_SCHED_LISTS_H
#define FUZZ_CHECKS_SCHED_LISTS_H

#include "checks/must.h"
#include "checks/peek.h"
#include "sched/cases/sched_case.h"

enum { HALF = SLOTS / 2 };

struct list {
	struct G *g[GS];
	unsigned n;
};

struct expected {
	struct list ring[PROCS], sent[PROCS], global;
	struct G *next[PROCS];
};

static inline void append(struct list *l, struct G *g)
{
	l->g[l->n++] = g;
}

static inline struct G *take_at_front(struct list *l)
{
	if (l->n == 0)
		return NULL;
	struct G *g = l->g[0];
	memmove(l->g, l->g + 1, --l->n * sizeof l->g[0]);
	return g;
}

static inline void expect_put(struct expected *e, unsigned p, struct G *g)
{
	if (e->ring[p].n < SLOTS) {
		append(&e->ring[p], g);
		return;
	}
	for (int i = 0; i < HALF; i++)
		append(&e->global, take_at_front(&e->ring[p]));
	append(&e->global, g);
}

static inline struct G *expect_next(struct expected *e, unsigned p)
{
	struct G *g = e->next[p];
	e->next[p] = NULL;
	return g;
}

/* What is sent comes before what was sent earlier. */
static inline void expect_send(struct expected *e, unsigned p, struct G *g)
{
	memmove(e->sent[p].g + 1, e->sent[p].g, e->sent[p].n++ * sizeof g);
	e->sent[p].g[0] = g;
}

static inline struct G *expect_sent(struct expected *e, unsigned own, unsigned from)
{
	struct G *first = take_at_front(&e->sent[from]);
	while (e->sent[from].n > 0)
		expect_put(e, own, take_at_front(&e->sent[from]));
	return first;
}

static inline struct G *expect_get(struct expected *e, unsigned p, bool fair)
{
	struct G *g = fair ? take_at_front(&e->ring[p]) : expect_next(e, p);
	if (!g)
		g = fair ? expect_next(e, p) : take_at_front(&e->ring[p]);
	return g ? g : expect_sent(e, p, p);
}

/* Half of the other's, rounded up, of which the last is the one that runs; or
 * what was sent there. */
static inline struct G *expect_steal(struct expected *e, unsigned to, bool next)
{
	struct list *from = &e->ring[1 - to];
	unsigned n = from->n - from->n / 2;
	struct G *g = n == 0 ? expect_sent(e, to, 1 - to) : NULL;
	if (n == 0)
		return g || !next ? g : expect_next(e, 1 - to);
	while (--n > 0)
		append(&e->ring[to], take_at_front(from));
	return take_at_front(from);
}

static inline struct G *expect_global(struct expected *e, unsigned p, unsigned most)
{
	unsigned n = e->global.n / PROCS + 1;
	n = n < e->global.n ? n : e->global.n;
	n = n < most ? n : most;
	n = n < HALF ? n : HALF;
	struct G *g = take_at_front(&e->global);
	for (unsigned i = 1; i < n; i++)
		append(&e->ring[p], take_at_front(&e->global));
	return g;
}

static UNSEEN inline void compare_ring(struct state *st, const struct expected *e, unsigned i)
{
	struct P *p = state_p(st, i);
	uint32_t head = peek(&p->head), tail = peek(&p->tail);
	must(tail - head == e->ring[i].n, "a ring has more or fewer");
	for (uint32_t at = head; at != tail; at++)
		must(peek(&p->ring[at & p->mask]) == (uintptr_t)e->ring[i].g[at - head],
		     "a ring has another, or another order");
	must(peek(&p->next) == (uintptr_t)e->next[i], "another one is next");
	const struct G *g = (const struct G *)peek(&p->sent);
	for (unsigned k = 0; k < e->sent[i].n; k++, g = g->link)
		must(g == e->sent[i].g[k], "another was sent, or in another order");
	must(!g, "more was sent");
}

/* settle() comes first. */
static UNSEEN inline void compare_lists(struct state *st, const struct expected *e)
{
	const struct G *g = st->s.first;
	for (unsigned i = 0; i < PROCS; i++)
		compare_ring(st, e, i);
	for (unsigned i = 0; i < e->global.n; i++, g = g->link)
		must(g == e->global.g[i], "the queue of all has another, or another order");
	must(!g && (e->global.n == 0) == !st->s.last, "the queue of all has more");
	must(e->global.n == 0 || st->s.last == e->global.g[e->global.n - 1], "another is the last");
	must(peek(&st->s.queued) == e->global.n, "the queue of all is counted wrong");
}

/* What runq_empty() says. */
static inline void compare_empty(struct state *st, const struct expected *e)
{
	for (unsigned i = 0; i < PROCS; i++)
		must(runq_empty(state_p(st, i)) ==
			     (e->ring[i].n == 0 && !e->next[i] && e->sent[i].n == 0),
		     "whether a queue is empty");
}

#endif
