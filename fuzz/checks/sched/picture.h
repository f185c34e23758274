/* A small scheduler in some state, a picture of what its parts decide by, and
 * what is expected to become of the picture: plain code, one thing after the
 * other. A check puts the scheduler into many states, lets one function have
 * each, and compares.
 *
 * Worker 0 is the caller's. Another sleeps for each processor that is idle, so
 * that no thread is started.
 */
#ifndef FUZZ_CHECKS_SCHED_PICTURE_H
#define FUZZ_CHECKS_SCHED_PICTURE_H

#include "checks/sched/lists.h"
#include "sim.h"
#include "world.h"

enum { ME = 0, OTHER = 1, TIMERS = PROCS, SEEDS = 200 };
#define MS INT64_C(1000000)

/* Numbers of processors, workers and goroutines, NOBODY for none. All are of
 * one type: memcmp() compares them. */
struct facts {
	int64_t status[PROCS], preempt[PROCS], calls[PROCS], tick[PROCS], owner[PROCS];
	int64_t first[PROCS], timers[PROCS], frees[PROCS];
	int64_t idle_p[PROCS], idle_ps, idle_m[WORKERS], idle_ms;
	int64_t has[WORKERS], given[WORKERS], old[WORKERS], runs[WORKERS];
	int64_t spins[WORKERS], wake_spins[WORKERS], woken[WORKERS];
	int64_t g_status[GS], parks[GS], aborts[GS];
	int64_t spinning, stopping, stop_wait, stopped, ending, ended, alive;
	int64_t last_poll, poll_until, waiters, wakes, polls, delay, seen_until;
	int64_t monitor_until, monitor_sleeps, told, handed_off, fired;
};

struct picture {
	struct expected q;
	struct facts f;
	struct g *list[GS]; /* what the poller has to tell, once */
	unsigned n;
	int unblocked;
};

struct scene {
	struct state st;
	struct timer timer[TIMERS];         /* one of each processor, or of none */
	struct timer *heap[TIMERS][4];
	struct G *sleeper[TIMERS];          /* whom it readies; NULL: nobody */
	struct g *list[GS];                 /* what the poller has to tell */
	unsigned n;
	int unblocked;                      /* and what it subtracts from waiters */
	int64_t wakes, polls, delay, seen_until;
	bool too_few;                       /* workers asleep for what is expected */
	uint32_t random;
	struct picture expected;
};

static struct scene *on; /* the one of this execution */

static inline uint32_t pick(uint32_t n)
{
	on->random = on->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(on->random >> 8) * n >> 24);
}

/* --- the poller of a scene, and its timers --- */

/* A store is a step of the execution, and to begin a word anew costs a
 * location: there is room for some thousands of each. */
#define set(w, x)                                              \
	do {                                                   \
		__typeof__((w)->v + 0) wanted = (x);           \
		if (peek(w) != wanted)                         \
			store_relaxed(w, wanted); /* relaxed: alone */ \
	} while (0)

static inline void scene_wake(struct poller *p)
{
	(void)p;
	on->wakes++;
}

static inline unsigned scene_poll(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	(void)p;
	on->polls++;
	on->delay = delay;
	/* relaxed: here and below, nobody else is there */
	on->seen_until = (int64_t)load_relaxed(&on->st.s.poll_until) +
			 (load_relaxed(&on->st.s.last_poll) != 0);
	*waiters = on->unblocked;
	memcpy(list, on->list, on->n * sizeof *list);
	unsigned n = on->n;
	/* Time does not pass: who would wait sees the end of all. */
	if (n == 0 && delay != 0)
		set(&on->st.s.ending, 1);
	on->n = 0;
	on->unblocked = 0;
	return n;
}

static inline void scene_fire(void *arg, uintptr_t seq)
{
	(void)arg;
	must(seq < TIMERS, "a timer fired with another's cookie");
	if (on->sleeper[seq])
		sched_runtime.ready(&on->sleeper[seq]->g);
}

/* --- a scene --- */

static inline int64_t some_time(void)
{
	static const int64_t at[] = { -30 * MS, -MS, 0, MS / 10, MS, 2 * MS, 3 * MS };
	return world_now() + at[pick(sizeof at / sizeof at[0])];
}

static inline uint32_t some_tick(void)
{
	return pick(3) == 0 ? 61 * pick(4) : pick(3) == 0 ? 64 * pick(3) : pick(130);
}

static inline void scene_worker_sleeps(struct state *st, unsigned i)
{
	state_idle_worker(st, i);
	if (pick(2) == 0)
		return;
	/* The other way round. */
	struct M *first = st->s.idle_m, *second = first->idle_link;
	if (second) {
		second->idle_link = first;
		first->idle_link = NULL;
		st->s.idle_m = second;
	}
}

/* Processor i is somebody's, idle, or stands still. */
static inline void scene_proc(struct state *st, unsigned i)
{
	struct P *p = state_p(st, i);
	uint32_t how = pick(5);
	bool stopping = peek(&st->s.stopping) != 0;
	if (how <= 1) {
		st->m[i].p = p;
		p->m = &st->m[i];
		set(&p->status, P_RUNNING);
	} else if (how == 2) {
		set(&p->status, P_SYSCALL);
		st->m[i].old_p = p;
	} else if (stopping) {
		set(&p->status, P_STOPPED);
	} else {
		set(&p->status, P_IDLE);
		p->link = st->s.idle_p;
		st->s.idle_p = p;
		set(&st->s.idle_ps, peek(&st->s.idle_ps) + 1);
	}
	st->s.stop_wait += stopping && how <= 2;
	set(&p->tick, some_tick());
	set(&p->calls, pick(5));
	set(&p->preempt, pick(2));
	p->frees = pick(3) == 0 ? 62 + pick(4) : pick(3);
}

static inline void scene_timer(unsigned i)
{
	struct P *p = state_p(&on->st, i);
	p->timers.heap = on->heap[i];
	if (pick(2) == 0)
		return;
	struct timer *t = &on->timer[i];
	*t = (struct timer){ .when = some_time(), .fire = scene_fire, .seq = i, .heap_index = 1,
			     .home = p };
	on->heap[i][0] = t;
	p->timers.count = 1;
	set(&p->timers.first, (uint64_t)t->when);
}

/* Goroutine i waits for a timer, for a descriptor or for nobody, or is queued
 * somewhere. */
static inline void scene_goroutine(unsigned i)
{
	struct state *st = &on->st;
	struct expected *q = &on->expected.q;
	struct G *g = &st->g[i];
	unsigned p = pick(PROCS), where = pick(9);
	g->home = pick(3) == 0 ? NULL : state_p(st, pick(PROCS));
	set(&g->g.status, where <= 4 ? G_WAITING : G_RUNNABLE);
	if (where <= 1)
		on->list[on->n++] = &g->g;
	else if (where == 2)
		on->sleeper[p] = g;
	else if (where == 5)
		append(&q->global, g), global_put(&st->s, g, g, 1);
	else if (where == 6)
		expect_send(q, p, g), runq_send(state_p(st, p), g, g);
	else if (where == 7 && !q->next[p])
		q->next[p] = g, runq_put_next(state_p(st, p), g);
	else if (where >= 7 && q->ring[p].n < SLOTS)
		append(&q->ring[p], g), runq_put(state_p(st, p), g);
	else
		set(&g->g.status, G_WAITING);
}

/* Whom worker i runs, if it has a processor. */
static inline void scene_runner(struct state *st, unsigned i)
{
	if (!st->m[i].p || pick(3) == 0)
		return;
	st->m[i].cur = &st->g[i];
	set(&st->g[i].g.status, G_RUNNING);
}

static inline void scene_words(struct sched *s)
{
	set(&s->spinning, pick(3) == 0 ? 1 + (uint32_t)on->st.m[ME].spinning
					     : on->st.m[ME].spinning);
	set(&s->ending, pick(8) == 0);
	set(&s->alive, 1 + pick(3));
	set(&s->last_poll, pick(3) == 0 ? 0 : (uint64_t)some_time());
	set(&s->poll_until, pick(2) == 0 ? 0 : (uint64_t)some_time());
	set(&s->poller.waiters, pick(2) == 0 ? 0 : 10 + pick(3));
	set(&s->monitor_until, pick(3) == 0 ? 0 : (uint64_t)some_time());
	set(&s->monitor_sleeps, pick(2));
	s->worker_count = WORKERS + pick(2);
	on->unblocked = peek(&s->poller.waiters) != 0 ? -(int)pick(3) : 0;
}


static inline void scene_clear_proc(struct state *st, unsigned i)
{
	struct P *p = state_p(st, i);
	set(&p->status, 0);
	set(&p->sent, 0);
	set(&p->next, 0);
	set(&p->head, 0);
	set(&p->tail, 0);
	set(&p->timers.first, 0);
	p->m = NULL;
	p->link = NULL;
	p->timers.count = 0;
}

static inline void scene_clear(struct state *st)
{
	struct sched *s = &st->s;
	for (unsigned i = 0; i < PROCS; i++)
		scene_clear_proc(st, i);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct M *m = &st->m[i];
		m->cur = NULL;
		m->p = m->old_p = m->next_p = NULL;
		m->spinning = m->wake_spins = false;
		m->help = NULL;
		m->idle_link = NULL;
		set(&m->wake.key, 0);
	}
	s->first = s->last = NULL;
	s->idle_p = NULL;
	s->idle_m = NULL;
	s->idle_ms = s->stop_wait = 0;
	set(&s->queued, 0);
	set(&s->idle_ps, 0);
	set(&s->stopped.key, 0);
	set(&s->ended.key, 0);
	set(&s->monitor_note.key, 0);
	set(&s->handed_off, 0);
	set(&s->fired, 0);
}

/* Anew. */
static inline void scene_set(struct scene *c)
{
	struct state *st = &c->st;
	scene_clear(st);
	memset(&c->expected, 0, sizeof c->expected);
	memset(c->timer, 0, sizeof c->timer);
	memset(c->sleeper, 0, sizeof c->sleeper);
	c->n = 0;
	c->too_few = false;
	c->wakes = c->polls = c->delay = c->seen_until = 0;
	set(&st->s.stopping, pick(4) == 0);
	unsigned first = pick(PROCS);
	scene_proc(st, first);
	scene_proc(st, 1 - first);
	st->m[ME].spinning = st->m[ME].p && pick(2);
	scene_worker_sleeps(st, 2);
	if (!st->m[OTHER].p && !st->m[OTHER].old_p)
		scene_worker_sleeps(st, OTHER);
	scene_words(&st->s);
	for (unsigned i = 0; i < TIMERS; i++)
		scene_timer(i);
	for (unsigned i = 0; i < WORKERS; i++)
		scene_runner(st, i);
	for (unsigned i = 0; i < GS; i++)
		if (i >= WORKERS || !st->m[i].cur)
			scene_goroutine(i);
}

/* The first. */
static inline void scene_begin(struct scene *c)
{
	static const struct poll_backend backend = { .name = "scene", .wake = scene_wake,
						     .poll = scene_poll };
	on = c;
	memset(c, 0, sizeof *c);
	state_init(&c->st);
	c->st.s.poller.backend = &backend;
	c->random = world_choose(SEEDS);
	state_as(&c->st, ME);
}

/* --- what there is --- */

static UNSEEN inline int64_t proc_number(const struct P *p)
{
	return p ? (int64_t)p->id : NOBODY;
}

static UNSEEN inline int64_t worker_number(const struct M *m)
{
	return m ? m - on->st.m : NOBODY;
}

static UNSEEN inline void look_at_procs(struct facts *f)
{
	const struct P *p = on->st.s.idle_p;
	for (unsigned i = 0; i < PROCS; i++, p = p ? p->link : NULL)
		f->idle_p[i] = i < peek(&on->st.s.idle_ps) ? proc_number(p) : NOBODY;
	for (unsigned i = 0; i < PROCS; i++) {
		p = state_p(&on->st, i);
		f->status[i] = peek(&p->status);
		f->preempt[i] = peek(&p->preempt);
		f->calls[i] = peek(&p->calls);
		f->tick[i] = peek(&p->tick);
		f->owner[i] = worker_number(p->m);
		f->first[i] = (int64_t)peek(&p->timers.first);
		f->timers[i] = p->timers.count;
		f->frees[i] = p->frees;
	}
}

static UNSEEN inline void look_at_workers(struct facts *f)
{
	const struct M *m = on->st.s.idle_m;
	for (unsigned i = 0; i < WORKERS; i++, m = m ? m->idle_link : NULL)
		f->idle_m[i] = i < on->st.s.idle_ms ? worker_number(m) : NOBODY;
	for (unsigned i = 0; i < WORKERS; i++) {
		m = &on->st.m[i];
		f->has[i] = proc_number(m->p);
		f->given[i] = proc_number(m->next_p);
		f->old[i] = proc_number(m->old_p);
		f->runs[i] = m->cur ? m->cur - on->st.g : NOBODY;
		f->spins[i] = m->spinning;
		f->wake_spins[i] = m->wake_spins;
		f->woken[i] = peek(&m->wake.key);
	}
	for (unsigned i = 0; i < GS; i++) {
		f->g_status[i] = peek(&on->st.g[i].g.status);
		f->parks[i] = on->st.g[i].g.parks;
		f->aborts[i] = on->st.g[i].g.aborts;
	}
}

static UNSEEN inline struct facts look(void)
{
	struct facts f;
	struct sched *s = &on->st.s;
	settle();
	memset(&f, 0, sizeof f);
	look_at_procs(&f);
	look_at_workers(&f);
	f.idle_ps = peek(&s->idle_ps);
	f.idle_ms = s->idle_ms;
	f.spinning = peek(&s->spinning);
	f.stopping = peek(&s->stopping);
	f.stop_wait = s->stop_wait;
	f.stopped = peek(&s->stopped.key);
	f.ending = peek(&s->ending);
	f.ended = peek(&s->ended.key);
	f.alive = peek(&s->alive);
	f.last_poll = (int64_t)peek(&s->last_poll);
	f.poll_until = (int64_t)peek(&s->poll_until);
	f.waiters = peek(&s->poller.waiters);
	f.monitor_until = (int64_t)peek(&s->monitor_until);
	f.monitor_sleeps = peek(&s->monitor_sleeps);
	f.told = peek(&s->monitor_note.key);
	f.handed_off = (int64_t)peek(&s->handed_off);
	f.fired = (int64_t)peek(&s->fired);
	f.wakes = on->wakes;
	f.polls = on->polls;
	f.delay = on->delay;
	f.seen_until = on->seen_until;
	return f;
}
#endif
