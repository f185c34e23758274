/* ARMv8 (AArch64): one order of all stores, as the architecture is
 * multi-copy atomic.
 *
 * Threads run in program order; weakness comes from two choices. A load reads
 * the newest store of its location at its floor, or any later one; a store
 * takes the end of the order or any earlier place above its floor that
 * contradicts no load already done. A thread's floors are raised by acquires
 * and barriers, after "Simplifying ARM Concurrency" (Pulte, Flur, Deacon and
 * others, POPL 2018) and the views of Promising-ARM (PLDI 2019). C11 accesses
 * act as the instructions that gcc and clang make of them: LDR, LDAR (or LDAPR,
 * +rcpc), STR, STLR, DMB; read-modify-writes as an exclusive pair, which a weak
 * compare-and-swap does not repeat when it fails, or, +lse, as CAS, SWP and
 * LDADD. STLXR then LDR is not ordered, CASAL then LDR is.
 *
 * Dependencies are invisible here. So each load is ordered before the thread's
 * later stores, as if they depended on it: no false alarm. +unordered drops
 * that. Load buffering is missing in both.
 */
#include "memory/armv8.h"

#include "trace.h"

/* What an access may do: read one store, stand behind another. n is set to 0
 * first: to clear all of it costs more than to fill it. */
struct option { struct entry *read, *behind; };
struct options { unsigned n; struct option of[MOST_OPTIONS]; };

static void joined(struct thread *t, struct thread *ended)
{
	struct core *c = &armv8_cores[t->id], *e = &armv8_cores[ended->id];
	uint64_t seen = later(later(e->read_seen, e->write_seen),
			      later(e->read_floor, e->write_floor));
	c->read_floor = later(c->read_floor, seen);
	c->write_floor = later(c->write_floor, seen);
}

static void start(struct thread *t)
{
	struct core *c = &armv8_cores[t->id];
	*c = (struct core){ 0 };
	if (sim.cur != NOBODY)
		joined(t, self());
}

static void offer(struct options *o, struct entry *read, struct entry *behind)
{
	if (o->n == MOST_OPTIONS)
		sim.cuts++;
	else
		o->of[o->n++] = (struct option){ read, behind };
}

static inline const struct option *choose(const struct options *o)
{
	return &o->of[o->n > 1 ? sim_choose(o->n) : 0];
}

/* --- loads --- */

enum acquire { PLAIN, LDAPR, LDAR };

static inline uint64_t before_load(const struct core *c, enum acquire a)
{
	return a == LDAR ? later(c->read_floor, c->last_release) : c->read_floor;
}

/* Every store that the load may read, the newest first. */
static void readable(struct thread *t, struct location *l, struct cell *c, enum acquire a,
		     struct options *o)
{
	uint64_t floor = later(before_load(&armv8_cores[t->id], a), c->coherence[t->id]);
	struct entry *e = c->newest;
	bool newest = newest_only(t, l);
	o->n = 0;
	offer(o, e, NULL);
	while (e->place > floor && e->older) {
		e = e->older;
		if (newest) {
			sim.cuts++;
			return;
		}
		offer(o, e, NULL);
	}
}

/* The thread, whose places c are, reads e. A load of the thread's own store
 * takes it from the store buffer and does not wait for its place; but an
 * acquire does where a read-modify-write made it. */
static inline void core_reads(struct core *c, const struct thread *t, const struct entry *e,
			      enum acquire a)
{
	uint64_t done = before_load(c, a);
	if (e->s.thread != t->id || (e->atomic && a != PLAIN))
		done = later(done, e->place);
	c->read_seen = later(c->read_seen, done);
	if (a != PLAIN) {
		c->read_floor = later(c->read_floor, done);
		c->write_floor = later(c->write_floor, done);
	}
}

static inline uint64_t seal_of(const struct thread *t, const struct cell *c,
			       const struct entry *e, enum acquire a)
{
	uint64_t floor = later(before_load(&armv8_cores[t->id], a), c->coherence[t->id]);
	return floor > e->place ? floor : 0;
}

static void do_read(struct thread *t, struct location *l, struct cell *c, struct entry *e,
		    enum acquire a, enum order order)
{
	e->seal = later(e->seal, seal_of(t, c, e, a));
	core_reads(&armv8_cores[t->id], t, e, a);
	c->coherence[t->id] = later(c->coherence[t->id], e->place);
	learn(t, &e->s, order);
	trace_read(t, l, &e->s, e->newer ? &c->newest->s : NULL);
}

/* --- stores --- */

/* Every place of a store, the last first. read: what a read-modify-write has
 * read, with the core and the seal that this leaves; else NULL. */
static void places(const struct thread *t, struct cell *c, const struct core *core, bool release,
		   struct entry *read, uint64_t seal, struct options *o)
{
	uint64_t floor = later(core->write_floor, c->coherence[t->id]);
	if (read)
		floor = later(floor, read->place);
	if (release)
		floor = later(floor, later(core->read_seen, core->write_seen));
	if (!(model->options & UNORDERED))
		floor = later(floor, core->read_seen);
	struct entry *older = c->newest;
	for (struct entry *at = armv8_tail;; at = at->before) {
		while (older->place > at->place && older->older)
			older = older->older;
		uint64_t sealed = older == read ? later(older->seal, seal) : older->seal;
		bool free = !(older->newer && older->newer->atomic) && at->place >= sealed;
		bool room = !at->after || at->after->place - at->place > 1;
		if (free && (!read || older == read)) {
			if (room)
				offer(o, read, at);
			else
				sim.cuts++;
		}
		if (at->place <= floor || at == &armv8_head)
			return;
	}
}

static void do_store(struct thread *t, struct cell *c, struct entry *e, bool release)
{
	struct core *core = &armv8_cores[t->id];
	c->coherence[t->id] = e->place;
	core->write_seen = later(core->write_seen, e->place);
	if (release)
		core->last_release = later(core->last_release, e->place);
}

/* --- the model's functions --- */

static enum acquire instruction(enum order order)
{
	if (order == SEQ_CST)
		return LDAR;
	return !acquires(order) ? PLAIN : model->options & RCPC ? LDAPR : LDAR;
}

static uint64_t load(struct thread *t, struct location *l, enum order order)
{
	struct cell *c = armv8_cell(l);
	struct options o;
	enum acquire a = instruction(order);
	readable(t, l, c, a, &o);
	struct entry *e = choose(&o)->read;
	do_read(t, l, c, e, a, order);
	return e->s.value;
}

static void store(struct thread *t, struct location *l, uint64_t value, enum order order, void *pc)
{
	struct cell *c = armv8_cell(l);
	struct options o;
	bool release = releases(order);
	o.n = 0;
	places(t, c, &armv8_cores[t->id], release, NULL, 0, &o);
	struct entry *e = armv8_insert(t, l, choose(&o)->behind, value, pc);
	publish(t, &e->s, order, NULL);
	do_store(t, c, e, release);
}

/* DMB SY; all == false: DMB LD. */
static void barrier(struct thread *t, bool all)
{
	struct core *c = &armv8_cores[t->id];
	uint64_t seen = all ? later(c->read_seen, c->write_seen) : c->read_seen;
	c->read_floor = later(c->read_floor, seen);
	c->write_floor = later(c->write_floor, seen);
}

/* The pairs of a store to read and a place to take; no place: it does not
 * store. A compare-and-swap gets the barriers of both its orders, as compilers
 * do it. */
static uint64_t rmw(struct thread *t, struct location *l, const struct update *u,
		    enum order order, void *pc, bool *stored, uint64_t *value)
{
	struct cell *c = armv8_cell(l);
	bool compare = u->kind == COMPARE;
	enum acquire a = acquires(order) || (compare && acquires(u->fail)) ? LDAR : PLAIN;
	bool release = releases(order) || (compare && u->fail == SEQ_CST);
	struct options reads, o;
	bool fails = compare && !(model->options & LSE) && may_fail(t, u);
	readable(t, l, c, a, &reads);
	o.n = 0;
	for (unsigned i = 0; i < reads.n; i++) {
		struct entry *e = reads.of[i].read;
		sized_update(u, e->s.value, l, stored);
		if (*stored) {
			struct core core = armv8_cores[t->id];
			core_reads(&core, t, e, a);
			places(t, c, &core, release, e, seal_of(t, c, e, a), &o);
		}
		if (!*stored || fails)
			offer(&o, e, NULL);
	}
	struct option pick = *choose(&o);
	uint64_t old = pick.read->s.value;
	*value = sized_update(u, old, l, stored);
	t->spurious += *stored && !pick.behind;
	*stored = pick.behind != NULL;
	do_read(t, l, c, pick.read, a, *stored ? order : u->fail);
	if (!*stored)
		return old;
	struct store replaced = pick.read->s;
	struct entry *e = armv8_insert(t, l, pick.behind, *value, pc);
	e->atomic = true;
	publish(t, &e->s, order, &replaced);
	do_store(t, c, e, release);
	if (model->options & LSE && a == LDAR && release)
		barrier(t, true);
	return old;
}

static void fence(struct thread *t, enum order order)
{
	fence_clocks(t, order);
	if (order != RELAXED)
		barrier(t, releases(order));
}

#define ARMV8(suffix, bits)                                                                  \
	{                                                                                    \
		.name = "armv8" suffix, .options = bits, .begin = armv8_begin, .start = start, \
		.joined = joined, .load = load, .store = store, .rmw = rmw, .fence = fence,  \
		.sign = armv8_sign                                                           \
	}

const struct memory_model armv8_models[ARMV8_MODELS] = {
	ARMV8("", 0),
	ARMV8("+lse", LSE),
	ARMV8("+rcpc", RCPC),
	ARMV8("+lse+rcpc", LSE | RCPC),
	ARMV8("+unordered", UNORDERED),
	ARMV8("+lse+unordered", LSE | UNORDERED),
	ARMV8("+rcpc+unordered", RCPC | UNORDERED),
	ARMV8("+lse+rcpc+unordered", LSE | RCPC | UNORDERED),
};
