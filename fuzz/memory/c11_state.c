#include "memory/c11.h"

#include "trace.h"

enum { GAP = 1 << 14 };

struct mind minds[MAX_THREADS];
struct own_release own_release[MAX_THREADS][VIEWED + 1];
struct total total_base, *total_newest;
static struct cell cells[MAX_LOCATIONS];
static struct message pool[MESSAGES];
static struct total events[EVENTS];
static unsigned used_messages, used_events, used_cells, oldest_message;

void c11_begin(void)
{
	used_messages = used_events = used_cells = oldest_message = 0;
	total_newest = &total_base;
	total_base.place = 0;
	total_base.kind = FENCE;
	total_base.after = NULL;
	view_clear(&total_base.view);
}

static void begin_cell(struct cell *c, const struct location *l)
{
	c->stamp = sim_stamp;
	c->index = used_cells < VIEWED ? used_cells++ : UNVIEWED;
	sim.cuts += c->index == UNVIEWED;
	c->newest = &c->first;
	c->first.place = 0;
	c->first.rmw = c->first.has_view = false;
	c->first.older = c->first.newer = NULL;
	c->first.s = l->newest;
	for (unsigned i = 0; i < MAX_THREADS; i++)
		c->released[i] = false;
}

struct cell *c11_cell(struct location *l)
{
	struct cell *c = &cells[l - locations];
	if (__builtin_expect(c->stamp != sim_stamp, 0))
		begin_cell(c, l);
	return c;
}

static struct cell *cell_of(const struct message *m)
{
	while (m->older)
		m = m->older;
	return (struct cell *)((char *)m - offsetof(struct cell, first));
}

/* A message gives up its room: the location then begins with it, unless it
 * began with a newer one already. */
static struct message *forget(struct message *m)
{
	struct cell *c = cell_of(m);
	struct message *newer = m->newer;
	sim.cuts++;
	c->first.place = m->place;
	c->first.has_view = m->has_view;
	c->first.s = m->s;
	c->first.rmw = false;
	if (m->has_view)
		view_copy(&c->first.view, &m->view);
	/* Whatever stood before it goes with it. */
	c->first.newer = newer;
	if (newer)
		newer->older = &c->first;
	else
		c->newest = &c->first;
	return m;
}

static bool listed(const struct message *m)
{
	return (m->older && m->older->newer == m);
}

static struct message *new_message(void)
{
	if (used_messages < MESSAGES)
		return &pool[used_messages++];
	struct message *m = &pool[oldest_message++ % MESSAGES];
	if (listed(m)) {
		for (struct message *o = m->older; o; o = o->older)
			if (o->older) /* gone with m: marked as in no list */
				o->newer = NULL;
		forget(m);
	}
	return m;
}

bool c11_room(const struct message *m)
{
	if (!m->newer)
		return m->place < UINT32_MAX - GAP;
	return m->newer->place - m->place > 1;
}

struct message *c11_insert(struct thread *t, struct location *l, struct cell *c,
			   struct message *behind, uint64_t value, void *pc)
{
	uint32_t place = behind->newer ?
				 behind->place + (behind->newer->place - behind->place) / 2 :
				 behind->place + GAP;
	uint32_t floor = behind->place;
	struct message *m = new_message();
	/* Making room may have taken `behind` into the first. */
	struct message *at = c->newest;
	while (at->place > floor && at->older)
		at = at->older;
	m->place = place;
	m->rmw = m->has_view = false;
	m->older = at;
	m->newer = at->newer;
	if (at->newer)
		at->newer->older = m;
	else
		c->newest = m;
	at->newer = m;
	store_made(&m->s, t, value, pc, trace_number());
	if (!m->newer)
		memory_put(l->address, l->size, l->newest.value = value);
	trace_place(m->newer ? &m->newer->s : NULL);
	return m;
}

/* --- the seq_cst order --- */

bool c11_total_room(const struct total *e)
{
	if (!e->after)
		return e->place < UINT32_MAX - GAP;
	return e->after->place - e->place > 1;
}

/* The oldest event joins the base. */
static struct total *base_grows(void)
{
	struct total *e = total_base.after;
	sim.cuts++;
	if (e->kind == WRITE)
		view_add(&total_base.view, e->index, e->message);
	else if (e->kind == FENCE)
		view_join(&total_base.view, &e->view);
	total_base.place = e->place;
	total_base.after = e->after;
	if (e->after)
		e->after->before = &total_base;
	else
		total_newest = &total_base;
	return e;
}

struct total *c11_total(struct total *behind, enum total_kind kind, uint32_t index,
			uint32_t message)
{
	uint32_t low = behind->place;
	uint32_t place = behind->after ? low + (behind->after->place - low) / 2 : low + GAP;
	struct total *e = used_events < EVENTS ? &events[used_events++] : base_grows();
	if (e == behind)
		behind = &total_base;
	e->place = place;
	e->kind = kind;
	e->index = index;
	e->message = message;
	e->before = behind;
	e->after = behind->after;
	if (behind->after)
		behind->after->before = e;
	else
		total_newest = e;
	behind->after = e;
	return e;
}

/* --- the state, for who compares states --- */

struct signing {
	struct signature *s;
	struct location *const *all;
	unsigned n;
};

static uint64_t rank_of(const struct cell *c, uint32_t place)
{
	uint64_t n = 0;
	for (const struct message *m = c->first.newer; m && m->place <= place; m = m->newer)
		n++;
	return n;
}

static uint64_t rank_in_total(uint32_t place)
{
	uint64_t n = 0;
	for (struct total *e = total_base.after; e && e->place <= place; e = e->after)
		n++;
	return n;
}

static void sign_view(const struct signing *g, const struct view *v)
{
	sign(g->s, rank_in_total(v->total));
	for (unsigned i = 0; i < g->n; i++) {
		if (!g->all[i])
			continue;
		struct cell *c = c11_cell(g->all[i]);
		sign(g->s, rank_of(c, known(v, c->index)));
	}
}

static void sign_cell(const struct signing *g, struct cell *c)
{
	for (struct message *m = c->first.newer; m; m = m->newer) {
		sign(g->s, 1 | m->rmw << 1 | m->has_view << 2);
		sign(g->s, m->s.value);
		sign(g->s, m->s.past);
		if (m->has_view)
			sign_view(g, &m->view);
		if (weak_sign_clocks)
			sign_clock(g->s, m->s.has_sync, &m->s.sync);
	}
}

static void sign_total(const struct signing *g, const struct total *e)
{
	unsigned i = 0;
	while (i < g->n && (!g->all[i] || c11_cell(g->all[i])->index != e->index))
		i++;
	sign(g->s, e->kind | i << 8);
	if (e->kind == FENCE)
		sign_view(g, &e->view);
	else if (i < g->n)
		sign(g->s, rank_of(c11_cell(g->all[i]), e->message));
}

static void sign_own_release(const struct signing *g, unsigned t, uint32_t index)
{
	sign_view(g, &own_release[t][index].view);
	if (weak_sign_clocks)
		sign_clock(g->s, true, &own_release[t][index].clock);
}

static const struct view nothing;

void c11_sign(struct signature *s, struct location *const *all, unsigned n)
{
	struct signing g = { s, all, n };
	for (unsigned i = 0; i < n; i++) {
		sign(s, i);
		if (all[i])
			sign_cell(&g, c11_cell(all[i]));
	}
	for (struct total *e = total_base.after; e; e = e->after)
		sign_total(&g, e);
	for (unsigned t = 0; t < sim.threads; t++) {
		for (unsigned i = 0; i < n; i++)
			if (all[i] && c11_cell(all[i])->released[t])
				sign_own_release(&g, t, c11_cell(all[i])->index);
		struct mind *m = &minds[t];
		sign_view(&g, &m->cur);
		sign_view(&g, m->has_extra ? &m->extra : &nothing);
		sign_view(&g, m->has_release ? &m->release : &nothing);
	}
}
