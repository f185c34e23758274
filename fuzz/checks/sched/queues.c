/* Run queues against lists of what they should hold: the ring of each of two
 * processors, what runs next there and what was sent there, and the queue of
 * all. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

enum { OPERATIONS = 1000, HALF = SLOTS / 2 };

struct list {
	struct G *g[GS];
	unsigned n;
};

struct expected {
	struct list ring[PROCS], sent[PROCS], global;
	struct G *next[PROCS];
};

static void append(struct list *l, struct G *g)
{
	l->g[l->n++] = g;
}

static struct G *take_at_front(struct list *l)
{
	if (l->n == 0)
		return NULL;
	struct G *g = l->g[0];
	memmove(l->g, l->g + 1, --l->n * sizeof l->g[0]);
	return g;
}

static void expect_put(struct expected *e, unsigned p, struct G *g)
{
	if (e->ring[p].n < SLOTS) {
		append(&e->ring[p], g);
		return;
	}
	for (int i = 0; i < HALF; i++)
		append(&e->global, take_at_front(&e->ring[p]));
	append(&e->global, g);
}

static struct G *expect_next(struct expected *e, unsigned p)
{
	struct G *g = e->next[p];
	e->next[p] = NULL;
	return g;
}

/* What is sent comes before what was sent earlier. */
static void expect_send(struct expected *e, unsigned p, struct G *g)
{
	memmove(e->sent[p].g + 1, e->sent[p].g, e->sent[p].n++ * sizeof g);
	e->sent[p].g[0] = g;
}

static struct G *expect_sent(struct expected *e, unsigned own, unsigned from)
{
	struct G *first = take_at_front(&e->sent[from]);
	while (e->sent[from].n > 0)
		expect_put(e, own, take_at_front(&e->sent[from]));
	return first;
}

static struct G *expect_get(struct expected *e, unsigned p, bool fair)
{
	struct G *g = fair ? take_at_front(&e->ring[p]) : expect_next(e, p);
	if (!g)
		g = fair ? expect_next(e, p) : take_at_front(&e->ring[p]);
	return g ? g : expect_sent(e, p, p);
}

/* Half of the other's, rounded up, of which the last is the one that runs; or
 * what was sent there. */
static struct G *expect_steal(struct expected *e, unsigned to, bool next)
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

static struct G *expect_global(struct expected *e, unsigned p, unsigned most)
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

static void compare_ring(struct state *st, const struct expected *e, unsigned i)
{
	struct P *p = state_p(st, i);
	/* relaxed: here and below, nobody else is there */
	uint32_t head = load_relaxed(&p->head), tail = load_relaxed(&p->tail);
	must(tail - head == e->ring[i].n, "a ring has more or fewer");
	for (uint32_t at = head; at != tail; at++)
		/* relaxed: as above */
		must(load_relaxed(&p->ring[at & p->mask]) == (uintptr_t)e->ring[i].g[at - head],
		     "a ring has another, or another order");
	/* relaxed: as above */
	must(load_relaxed(&p->next) == (uintptr_t)e->next[i], "another one is next");
	/* relaxed: as above */
	const struct G *g = (const struct G *)load_relaxed(&p->sent);
	for (unsigned k = 0; k < e->sent[i].n; k++, g = g->link)
		must(g == e->sent[i].g[k], "another was sent, or in another order");
	must(!g, "more was sent");
	must(runq_empty(p) == (e->ring[i].n == 0 && !e->next[i] && e->sent[i].n == 0),
	     "whether a queue is empty");
}

static void compare(struct state *st, const struct expected *e)
{
	const struct G *g = st->s.first;
	for (unsigned i = 0; i < PROCS; i++)
		compare_ring(st, e, i);
	for (unsigned i = 0; i < e->global.n; i++, g = g->link)
		must(g == e->global.g[i], "the queue of all has another, or another order");
	must(!g && (e->global.n == 0) == !st->s.last, "the queue of all has more");
	must(e->global.n == 0 || st->s.last == e->global.g[e->global.n - 1], "another is the last");
	/* relaxed: as above */
	must(load_relaxed(&st->s.queued) == e->global.n, "the queue of all is counted wrong");
}

/* One that is in no queue; NULL: all are. */
static struct G *idle_one(struct state *st, uint32_t in)
{
	for (int i = 0; i < GS; i++)
		if (!(in >> i & 1))
			return &st->g[i];
	return NULL;
}

/* Whoever comes out of a queue is in none. */
static void came(const struct state *st, const struct G *g, const struct G *expected, uint32_t *in)
{
	must(g == expected, "another goroutine came, or none");
	if (g)
		*in &= ~(1u << (g - st->g));
}

static void one_operation(struct state *st, struct expected *e, uint32_t *in, uint32_t random)
{
	unsigned p = random & 1;
	bool second = random & 2;
	struct P *own = state_p(st, p);
	struct G *g = idle_one(st, *in);
	uint32_t which = random / 4 % 13;
	if (which <= 5 && g) {
		*in |= 1u << (g - st->g);
		if (which == 0) {
			struct G *old = expect_next(e, p);
			e->next[p] = g;
			if (old)
				expect_put(e, p, old);
			runq_put_next(own, g);
		} else if (which == 5) {
			append(&e->global, g);
			mutex_lock(&st->s.lock);
			global_put(&st->s, g, g, 1);
			mutex_unlock(&st->s.lock);
		} else if (which == 1) {
			expect_send(e, p, g);
			runq_send(own, g, g);
		} else {
			expect_put(e, p, g);
			runq_put(own, g);
		}
	} else if (which <= 8) {
		struct G *expected = expect_get(e, p, second);
		came(st, runq_get(own, second), expected, in);
	} else if (which == 9 && e->ring[p].n == 0) {
		struct G *expected = expect_steal(e, p, second);
		came(st, runq_steal(own, state_p(st, 1 - p), second), expected, in);
	} else if (which == 10) {
		while (e->sent[p].n > 0)
			expect_put(e, p, take_at_front(&e->sent[p]));
		runq_receive(own);
	} else if (which > 10 && (second || e->ring[p].n == 0)) {
		struct G *expected = expect_global(e, p, second ? 1 : UINT32_MAX);
		came(st, global_get(&st->s, own, second ? 1 : UINT32_MAX), expected, in);
	}
}

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	struct expected e = { 0 };
	uint32_t in = 0, random = 1;
	state_as(st, 0);
	for (int i = 0; i < OPERATIONS; i++) {
		random = random * 1664525 + 1013904223;
		one_operation(st, &e, &in, random >> 12);
		compare(st, &e);
	}
	me->got[0] = 1;
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state);
	state_run(state, 0);
	state_run(state, 1);
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].got[0] ? CAME_THROUGH : STUCK;
}

CASE(queues,
     .purpose = "run queues against lists of what they should hold",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
