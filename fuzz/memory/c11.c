/* The C11 and C++20 language model with views: RC11 (Lahav, Vafeiadis, Kang,
 * Hur, Dreyer, PLDI 2017) without load buffering, in the operational form of
 * Promising Semantics without promises (POPL 2017).
 *
 * A load reads any message of its location from the newest that its thread
 * knows on; a store goes into any gap behind that. Acquiring reads learn what
 * the message published. seq_cst accesses and fences take a place in one order
 * after the newest event of it that they know; the place may be before others
 * that this does not contradict. A location's floor at a place: the messages of
 * the seq_cst stores before it and all that the seq_cst fences before it knew.
 * +relseq11: a thread's later relaxed stores continue its release sequence, as
 * in C++11. Plain accesses are relaxed here; races are found by race.c.
 */
#include "memory/c11.h"

#include "trace.h"

/* What an access may do: read or follow this message, take that place. The
 * caller sets n to 0: to clear all of it costs more than to fill it. */
struct option { struct message *m; struct total *behind; bool stores; };
struct options {
	unsigned n;
	struct option of[MOST_OPTIONS];
};

static void joined(struct thread *t, struct thread *ended)
{
	view_join(&minds[t->id].cur, &minds[ended->id].cur);
}

static void start(struct thread *t)
{
	struct mind *m = &minds[t->id];
	view_clear(&m->cur);
	m->has_extra = m->has_release = false;
	if (sim.cur != NOBODY)
		joined(t, self());
}

/* --- places in the seq_cst order --- */

/* A place, and what it means for one location: messages are read or followed
 * from `floor` on; a new message lies before `limit` unless that is NONE. */
struct place {
	struct total *behind;
	uint32_t floor, limit;
};
enum { NONE = UINT32_MAX };

static inline uint32_t told(const struct total *e, uint32_t index)
{
	if (e->kind == FENCE)
		return known(&e->view, index);
	return e->kind == WRITE && e->index == index ? e->message : 0;
}

/* The least message of that location which what is done at e has in view: a
 * store before e in the order must not come after it. */
static inline uint32_t needed(const struct total *e, uint32_t index)
{
	if (e->kind == FENCE)
		return known(&e->view, index);
	return e->index == index ? e->message : NONE;
}

/* All places of an event of that location by a thread whose view is cur, the
 * last first. Not seq_cst: one that means nothing. */
static unsigned places(const struct view *cur, uint32_t index, bool seq_cst,
		       struct place all[EVENTS + 1])
{
	unsigned n = 0;
	all[0] = (struct place){ NULL, 0, NONE };
	if (!seq_cst || index == UNVIEWED)
		return 1;
	uint32_t limit = NONE;
	for (struct total *e = total_newest;; e = e->before) {
		all[n++] = (struct place){ e, 0, limit };
		if (e == &total_base || e->place <= cur->total)
			break;
		uint32_t need = needed(e, index);
		limit = need < limit ? need : limit;
	}
	uint32_t floor = 0;
	unsigned i = n;
	for (struct total *e = &total_base; e; e = e->after) {
		uint32_t tell = told(e, index);
		floor = tell > floor ? tell : floor;
		if (all[i - 1].behind == e)
			all[--i].floor = floor;
	}
	return n;
}

/* --- what an access may do --- */

struct access {
	const struct mind *mind;
	struct location *l;
	struct cell *c;
	enum order order;
	const struct update *u; /* of a read-modify-write; else NULL */
	bool reads, stores;
	bool newest; /* no other message */
	bool fails;  /* a compare-and-swap may fail whatever it reads */
};

static void offer(struct options *o, struct message *m, struct total *behind, bool stores)
{
	if (o->n == MOST_OPTIONS)
		sim.cuts++;
	else
		o->of[o->n++] = (struct option){ m, behind, stores };
}

/* Whether the access may use m at p: whether a new message may follow it, and
 * whether what it learns by reading m does not lie after the place. */
static bool fits(const struct access *a, const struct message *m, const struct place *p)
{
	if (a->stores) {
		if (m->newer ? m->newer->rmw || m->newer->place > p->limit : p->limit != NONE)
			return false;
		if (!c11_room(m)) {
			sim.cuts++;
			return false;
		}
	}
	if (!p->behind)
		return true;
	if (!c11_total_room(p->behind)) {
		sim.cuts++;
		return false;
	}
	return !a->reads || !m->has_view || p->behind->place >= m->view.total ||
	       p->behind->after == NULL;
}

/* Whether a compare-and-swap that ends so can read m. */
static inline bool ends_so(const struct access *a, const struct message *m)
{
	return !a->u || a->u->kind != COMPARE || (m->s.value == a->u->expected) == a->stores ||
	       (a->fails && !a->stores);
}

static void offer_all(const struct access *a, struct options *o)
{
	struct place all[EVENTS + 1];
	uint32_t seen = known(&a->mind->cur, a->c->index);
	unsigned n = places(&a->mind->cur, a->c->index, a->order == SEQ_CST, all);
	for (unsigned i = 0; i < n; i++) {
		uint32_t lowest = seen > all[i].floor ? seen : all[i].floor;
		if (a->c->index == UNVIEWED)
			lowest = NONE;
		for (struct message *m = a->c->newest; m; m = m->older) {
			if (m != a->c->newest && a->newest) {
				sim.cuts++;
				break;
			}
			if (ends_so(a, m) && fits(a, m, &all[i]))
				offer(o, m, all[i].behind, a->stores);
			if (m->place <= lowest)
				break;
		}
	}
}

/* Whether a fence that knows v may stand before e. */
static bool before(const struct view *v, const struct total *e)
{
	if (e->kind != FENCE)
		return known(v, e->index) <= e->message;
	for (uint32_t i = 0; i < v->n; i++)
		if (v->at[i] > known(&e->view, i))
			return false;
	return true;
}

/* v and all that the events up to and with e have made known. */
static void learn_floor(struct view *v, const struct total *e)
{
	uint32_t total = v->total;
	for (; e; e = e->before) {
		if (e->kind == FENCE)
			view_join(v, &e->view);
		else if (e->kind == WRITE)
			view_add(v, e->index, e->message);
		if (e == &total_base)
			break;
	}
	v->total = total;
}

/* The places of a seq_cst fence. */
static void offer_fence(const struct mind *m, struct options *o)
{
	static struct view v;
	for (struct total *e = total_newest;; e = e->before) {
		bool free = true;
		view_copy(&v, &m->cur);
		learn_floor(&v, e);
		for (struct total *after = e->after; after && free; after = after->after)
			free = before(&v, after);
		if (free && c11_total_room(e))
			offer(o, NULL, e, false);
		sim.cuts += free && !c11_total_room(e);
		if (e == &total_base || e->place <= m->cur.total)
			return;
	}
}

static inline struct option choose(const struct options *o)
{
	return o->of[o->n > 1 ? sim_choose(o->n) : 0];
}

/* --- what it does --- */

/* A read right behind one of the same message, which it knows, tells nobody
 * anything and forbids nothing new: that event stands for both. So loops that
 * look repeat their state. */
static inline bool repeats(const struct total *e, const struct mind *m, const struct cell *c,
			   uint32_t message)
{
	return e->kind == READ && e->place == m->cur.total && e->index == c->index &&
	       e->message == message;
}

static void take_place(struct thread *t, const struct option *p, enum total_kind kind,
		       const struct cell *c, uint32_t message)
{
	if (!p->behind)
		return;
	struct mind *m = &minds[t->id];
	if (kind == READ && repeats(p->behind, m, c, message))
		return;
	m->cur.total = c11_total(p->behind, kind, c->index, message)->place;
}

static void do_read(struct thread *t, struct location *l, struct cell *c, struct message *m,
		    enum order order)
{
	struct mind *mind = &minds[t->id];
	view_add(&mind->cur, c->index, m->place);
	if (m->has_view && acquires(order)) {
		view_join(&mind->cur, &m->view);
	} else if (m->has_view) {
		if (!mind->has_extra)
			view_clear(&mind->extra);
		mind->has_extra = true;
		view_join(&mind->extra, &m->view);
	}
	learn(t, &m->s, order);
	trace_read(t, l, &m->s, m->newer ? &c->newest->s : NULL);
}

/* What the new message m publishes; replaced: the one that a read-modify-write
 * read, whose release sequence it continues. */
static void publish_view(struct thread *t, struct cell *c, struct message *m, enum order order,
			 bool has_view, const struct view *replaced)
{
	struct mind *mind = &minds[t->id];
	view_clear(&m->view);
	if (has_view)
		view_join(&m->view, replaced);
	if (releases(order))
		view_join(&m->view, &mind->cur);
	else if (mind->has_release)
		view_join(&m->view, &mind->release);
	m->has_view = has_view || releases(order) || mind->has_release;
	struct own_release *own = &own_release[t->id][c->index];
	if (c->released[t->id]) {
		view_join(&m->view, &own->view);
		m->has_view = true;
		if (!m->s.has_sync)
			clock_clear(&m->s.sync);
		clock_join(&m->s.sync, &own->clock, MAX_THREADS);
		m->s.has_sync = true;
	}
	if (m->has_view)
		view_add(&m->view, c->index, m->place);
	if (releases(order) && model->options & RELSEQ11) {
		c->released[t->id] = true;
		view_copy(&own->view, &mind->cur);
		own->clock = t->clock;
	}
}

static uint64_t load(struct thread *t, struct location *l, enum order order)
{
	struct cell *c = c11_cell(l);
	struct options o;
	struct access a = { .mind = &minds[t->id], .l = l, .c = c, .order = order, .reads = true,
			    .newest = newest_only(t, l) };
	o.n = 0;
	offer_all(&a, &o);
	struct option pick = choose(&o);
	do_read(t, l, c, pick.m, order);
	take_place(t, &pick, READ, c, pick.m->place);
	return pick.m->s.value;
}

static void store(struct thread *t, struct location *l, uint64_t value, enum order order, void *pc)
{
	struct cell *c = c11_cell(l);
	struct options o;
	struct access a = { .mind = &minds[t->id], .l = l, .c = c, .order = order, .stores = true };
	o.n = 0;
	offer_all(&a, &o);
	struct option pick = choose(&o);
	struct message *m = c11_insert(t, l, c, pick.m, value, pc);
	take_place(t, &pick, WRITE, c, m->place);
	view_add(&minds[t->id].cur, c->index, m->place);
	publish(t, &m->s, order, NULL);
	publish_view(t, c, m, order, false, NULL);
}

static uint64_t rmw(struct thread *t, struct location *l, const struct update *u,
		    enum order order, void *pc, bool *stored, uint64_t *value)
{
	static struct view replaced_view;
	struct cell *c = c11_cell(l);
	struct options o;
	bool compare = u->kind == COMPARE;
	bool likely = !compare || c->newest->s.value == u->expected;
	bool newest = newest_only(t, l);
	struct access a = { &minds[t->id], l, c, likely ? order : u->fail, u, true, likely,
			    newest, compare && may_fail(t, u) };
	o.n = 0;
	offer_all(&a, &o);
	if (compare) {
		a.order = likely ? u->fail : order;
		a.stores = !likely;
		offer_all(&a, &o);
	}
	struct option pick = choose(&o);
	struct store replaced = pick.m->s;
	bool has_view = pick.m->has_view;
	*stored = pick.stores;
	do_read(t, l, c, pick.m, *stored ? order : u->fail);
	if (!*stored) {
		t->spurious += replaced.value == u->expected;
		take_place(t, &pick, READ, c, pick.m->place);
		return *value = replaced.value;
	}
	*value = sized_update(u, replaced.value, l, stored);
	if (has_view)
		view_copy(&replaced_view, &pick.m->view);
	struct message *m = c11_insert(t, l, c, pick.m, *value, pc);
	m->rmw = true;
	take_place(t, &pick, WRITE, c, m->place);
	view_add(&minds[t->id].cur, c->index, m->place);
	publish(t, &m->s, order, &replaced);
	publish_view(t, c, m, order, has_view, &replaced_view);
	return replaced.value;
}

static void fence(struct thread *t, enum order order)
{
	struct mind *m = &minds[t->id];
	fence_clocks(t, order);
	if (acquires(order) && m->has_extra)
		view_join(&m->cur, &m->extra);
	if (order == SEQ_CST) {
		struct options o;
		o.n = 0;
		offer_fence(m, &o);
		struct option pick = choose(&o);
		learn_floor(&m->cur, pick.behind);
		struct total *e = c11_total(pick.behind, FENCE, UNVIEWED, 0);
		view_copy(&e->view, &m->cur);
		m->cur.total = e->place;
		m->has_extra = false;
	}
	if (releases(order)) {
		m->has_release = true;
		view_copy(&m->release, &m->cur);
	}
}

#define C11_MODEL(suffix, bits)                                                            \
	{                                                                                  \
		.name = "c11" suffix, .options = bits, .begin = c11_begin, .start = start, \
		.joined = joined, .load = load, .store = store, .rmw = rmw,                \
		.fence = fence, .orders_fences = true, .sign = c11_sign                    \
	}

const struct memory_model c11_models[C11_MODELS] = {
	C11_MODEL("", 0),
	C11_MODEL("+relseq11", RELSEQ11),
};
