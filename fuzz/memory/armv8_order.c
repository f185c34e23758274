#include "memory/armv8.h"

#include "trace.h"

static const uint64_t GAP = 1ull << 32;

struct entry armv8_head, *armv8_tail;
struct core armv8_cores[MAX_THREADS];
static struct entry pool[STORES];
static unsigned used;
static struct entry *spare;
static struct cell cells[MAX_LOCATIONS];

void armv8_begin(void)
{
	used = 0;
	spare = NULL;
	armv8_tail = &armv8_head;
	armv8_head.place = 0;
	armv8_head.after = NULL;
}

struct cell *armv8_cell(struct location *l)
{
	struct cell *c = &cells[l - locations];
	if (__builtin_expect(c->stamp == sim_stamp, 1))
		return c;
	c->stamp = sim_stamp;
	c->newest = &c->first;
	c->first.place = c->first.seal = 0;
	c->first.older = c->first.newer = NULL;
	c->first.atomic = false;
	c->first.cell = c;
	c->first.s = l->newest;
	for (unsigned i = 0; i < MAX_THREADS; i++)
		c->coherence[i] = 0;
	return c;
}

/* The older half of the order becomes what every location begins with. */
static void forget_oldest(void)
{
	sim.cuts++;
	for (unsigned i = 0; i < STORES / 2; i++) {
		struct entry *e = armv8_head.after;
		struct cell *c = e->cell;
		armv8_head.place = e->place;
		armv8_head.after = e->after;
		if (e->after)
			e->after->before = &armv8_head;
		else
			armv8_tail = &armv8_head;
		c->first = *e;
		c->first.older = NULL;
		c->first.atomic = false;
		if (e->newer)
			e->newer->older = &c->first;
		else
			c->newest = &c->first;
		e->after = spare;
		spare = e;
	}
}

static struct entry *new_entry(void)
{
	if (!spare && used == STORES)
		forget_oldest();
	if (!spare)
		return &pool[used++];
	struct entry *e = spare;
	spare = e->after;
	return e;
}

struct entry *armv8_insert(struct thread *t, struct location *l, const struct entry *behind,
			   uint64_t value, void *pc)
{
	struct cell *c = armv8_cell(l);
	uint64_t floor = behind->place;
	struct entry *e = new_entry();
	/* Making room may have made `behind` the head. */
	struct entry *at = armv8_tail;
	while (at != &armv8_head && at->place > floor)
		at = at->before;
	e->place = at->after ? at->place + (at->after->place - at->place) / 2 : at->place + GAP;
	e->seal = 0;
	e->before = at;
	e->after = at->after;
	if (at->after)
		at->after->before = e;
	else
		armv8_tail = e;
	at->after = e;
	struct entry *older = c->newest;
	while (older->place > e->place && older->older)
		older = older->older;
	e->older = older;
	e->newer = older->newer;
	if (older->newer)
		older->newer->older = e;
	else
		c->newest = e;
	older->newer = e;
	e->cell = c;
	e->atomic = false;
	store_made(&e->s, t, value, pc, trace_number());
	if (!e->newer)
		memory_put(l->address, l->size, l->newest.value = value);
	trace_place(e->after ? &e->after->s : NULL);
	return e;
}

/* --- the state, for who compares states --- */

static uint64_t rank(uint64_t place)
{
	uint64_t n = 0;
	for (struct entry *e = armv8_head.after; e && e->place <= place; e = e->after)
		n++;
	return n;
}

void armv8_sign(struct signature *s, struct location *const *all, unsigned n)
{
	if (sim.remembers) {
		armv8_observable(s, all, n);
		return;
	}
	for (struct entry *e = armv8_head.after; e; e = e->after) {
		unsigned i = 0;
		while (i < n && (!all[i] || armv8_cell(all[i]) != e->cell))
			i++;
		sign(s, i | e->s.thread << 8 | e->atomic << 16);
		sign(s, e->s.value);
		sign(s, e->s.past);
		sign(s, rank(e->seal));
	}
	for (unsigned i = 0; i < n; i++) {
		if (!all[i])
			continue;
		struct cell *c = armv8_cell(all[i]);
		sign(s, rank(c->first.seal));
		for (unsigned t = 0; t < sim.threads; t++)
			sign(s, rank(c->coherence[t]));
	}
	for (unsigned t = 0; t < sim.threads; t++) {
		struct core *c = &armv8_cores[t];
		sign(s, rank(c->read_seen) | rank(c->write_seen) << 16 |
			 rank(c->read_floor) << 32 | rank(c->write_floor) << 48);
		sign(s, rank(c->last_release));
	}
}
