#include <errno.h>
#include <string.h>

#include "sched/idle.h"
#include "sched/park.h"
#include "sched/runq.h"
#include "sched/status.h"
#include "sched/syscall.h"
#include "sched/timers.h"
#include "sched/worker.h"

enum { GS_AT_ONCE = 16, FIRST_ROOM = 1024, STACK_BYTES = 1 << 20, STACKS_AT_ONCE = 256 };

static struct sched the;

struct sched *sched_current(void)
{
	return &the;
}

struct poller *sched_poller(void)
{
	return &the.poller;
}

/* --- goroutines --- */

/* Appends to the table of all, under whose number it goes. s->all_lock held. */
static void note_goroutine(struct sched *s, struct G *g)
{
	if (s->goroutines == s->all_room) {
		uint32_t room = s->all_room ? 2 * s->all_room : FIRST_ROOM;
		struct G **all = world_map(room * sizeof *all);
		if (s->all_room) {
			memcpy(all, s->all, s->goroutines * sizeof *all);
			world_unmap(s->all, s->all_room * sizeof *all);
		}
		s->all = all;
		s->all_room = room;
	}
	g->g.id = s->goroutines++;
	s->all[g->g.id] = g;
}

/* Fresh ones, on s->free. Their memory stays until the end. s->all_lock
 * held. */
static void more_goroutines(struct sched *s)
{
	struct G *block = world_map(GS_AT_ONCE * sizeof *block);
	for (unsigned i = GS_AT_ONCE; i-- > 0;) {
		struct G *g = &block[i];
		g->s = s;
		g->link = s->free;
		s->free = g;
		word_init(&g->g.status, G_IDLE);
		status_set(&g->g, G_IDLE, G_DEAD);
		note_goroutine(s, g);
	}
}

static struct G *take_dead(struct sched *s, struct P *p)
{
	struct G *g = p ? p->free : NULL;
	if (g) {
		p->free = g->link;
		p->frees--;
		return g;
	}
	mutex_lock(&s->all_lock);
	if (!s->free)
		more_goroutines(s);
	g = s->free;
	s->free = g->link;
	mutex_unlock(&s->all_lock);
	return g;
}

static void goroutine_main(void *arg)
{
	struct G *g = arg;
	g->fn(g->arg);
	go_exit();
}

static struct G *make(struct sched *s, struct P *p, void (*fn)(void *), void *arg)
{
	struct G *g = take_dead(s, p);
	if (!g->stack.top && stack_open(&s->stacks, &g->stack) != 0)
		world_fatal("no memory for a goroutine's stack");
	g->fn = fn;
	g->arg = arg;
	context_make(&g->context, stack_base(&g->stack), stack_window(&g->stack), goroutine_main,
		     g);
	/* relaxed: figures, and whoever makes one is alive itself */
	fetch_add_relaxed(&s->alive, 1);
	fetch_add_relaxed(&s->started, 1);
	status_set(&g->g, G_DEAD, G_RUNNABLE);
	return g;
}

void go(void (*fn)(void *arg), void *arg)
{
	struct M *m = m_self();
	runq_put_next(m->p, make(m->s, m->p, fn, arg));
	idle_wake(m->s);
}

struct G *const *all_goroutines(struct sched *s, unsigned *n)
{
	mutex_lock(&s->all_lock);
	*n = s->goroutines;
	struct G *const *all = s->all;
	mutex_unlock(&s->all_lock);
	return all;
}

/* --- from start to end --- */

void proc_init(struct P *p, struct sched *s, uint32_t id, uint32_t slots)
{
	p->s = s;
	p->id = id;
	p->mask = slots - 1;
	s->p[id] = p;
	/* All else begins as 0: idle, nothing queued. */
}

static int set_up(struct sched *s, const struct sched_config *c)
{
	memset(s, 0, sizeof *s);
	s->config = c;
	s->procs = c->procs;
	word_init(&s->last_poll, (uint64_t)world_now());
	int error = poller_start(&s->poller, c->backend ? c->backend : &epoll_late_backend);
	if (error != 0)
		return error;
	stacks_init(&s->stacks, c->stack_bytes ? c->stack_bytes : STACK_BYTES, STACKS_AT_ONCE);
	s->p = world_map(s->procs * sizeof(struct P *));
	for (unsigned i = 0; i < s->procs; i++) {
		struct P *p = world_map(sizeof *p + RING * sizeof p->ring[0]);
		proc_init(p, s, i, RING);
		if (i > 0)
			idle_put(s, p);
	}
	runtime = &sched_runtime;
	return 0;
}

static void tear_down(struct sched *s)
{
	poller_stop(&s->poller);
	for (uint32_t i = 0; i < s->goroutines; i++)
		if (s->all[i]->stack.top)
			stack_close(&s->all[i]->stack);
	stacks_end(&s->stacks);
	/* Blocks began at every GS_AT_ONCE'th, from its last. */
	for (uint32_t i = GS_AT_ONCE - 1; i < s->goroutines; i += GS_AT_ONCE)
		world_unmap(s->all[i], GS_AT_ONCE * sizeof **s->all);
	world_unmap(s->all, s->all_room * sizeof *s->all);
	for (unsigned i = 0; i < s->procs; i++) {
		timers_end(s->p[i]);
		world_unmap(s->p[i], sizeof *s->p[i] + RING * sizeof s->p[i]->ring[0]);
	}
	world_unmap(s->p, s->procs * sizeof(struct P *));
}

static void join_workers(struct sched *s)
{
	/* Nobody starts one any more: constant from here on. */
	for (struct M *m = s->workers; m;) {
		world_thread_join(m->thread);
		struct M *next = m->all_link;
		world_unmap(m, sizeof *m);
		m = next;
	}
	monitor_wake(s);
	world_thread_join(s->monitor);
}

int sched_run(const struct sched_config *c, void (*fn)(void *arg), void *arg,
	      struct sched_counts *counts)
{
	struct sched *s = &the;
	if (c->procs < 1 || c->procs > MOST_PROCS)
		return -EINVAL;
	int error = set_up(s, c);
	if (error != 0)
		return error;
	runq_put_next(s->p[0], make(s, NULL, fn, arg));
	/* For whoever looks on from outside: nobody else is there. */
	mutex_lock(&s->lock);
	worker_new(s, s->p[0], false);
	mutex_unlock(&s->lock);
	if (world_thread_start(&s->monitor, monitor_main, s) != 0)
		world_fatal("cannot start a thread: raise the limit on processes");
	note_sleep(&s->ended);
	if (c->ended)
		c->ended(s);
	join_workers(s);
	if (counts)
		/* relaxed: nobody is left */
		*counts = (struct sched_counts){
			.started = load_relaxed(&s->started), .workers = s->worker_count,
			/* relaxed: as above */
			.stops = load_relaxed(&s->stops), .timers = load_relaxed(&s->fired),
			.handed_off = load_relaxed(&s->handed_off),
		};
	tear_down(s);
	return 0;
}
