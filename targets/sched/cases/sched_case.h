/* What the scheduler's cases share: a small scheduler in the state, whose
 * workers are the actors. Goroutines have no stacks, and nobody runs them.
 */
#ifndef SCHED_CASE_H
#define SCHED_CASE_H

#include <string.h>

#include "sched/idle.h"
#include "sched/park.h"
#include "sched/runq.h"
#include "sched/schedule.h"
#include "sched/status.h"
#include "sched/stw.h"
#include "sched/syscall.h"
#include "sched/timers.h"
#include "sched/worker.h"

enum { PROCS = 2, WORKERS = 3, GS = 6, SLOTS = 4 };

/* A processor and its ring. */
enum {
	PROC_ALIGN = _Alignof(struct P),
	PROC_BYTES = (sizeof(struct P) + SLOTS * sizeof(wordptr) + PROC_ALIGN - 1) / PROC_ALIGN *
		     PROC_ALIGN
};

struct state {
	struct sched s;
	_Alignas(PROC_ALIGN) char proc[PROCS][PROC_BYTES];
	struct P *table[PROCS];
	struct M m[WORKERS];
	struct G g[GS];
	struct poll_desc pd;
	struct timer timer, *heap[4];
	wordptr place; /* where a goroutine waits: 0 -> g by commit, -> 1 by who wakes it */
	word32 mark;   /* free for a case */
	long plain;    /* likewise; not atomic */
};

static inline struct P *state_p(struct state *st, unsigned i)
{
	return (struct P *)st->proc[i];
}

static inline void case_backend_wake(struct poller *p)
{
	/* pairs with: the case's poll() — it has been broken */
	store_release(&p->wake_pending, 1);
}

static inline unsigned case_backend_poll(struct poller *p, int64_t delay, struct g **list,
					 int *waiters)
{
	(void)list;
	*waiters = 0;
	/* Whoever waits for a time wakes by itself. For ever: until broken. */
	while (delay < 0)
		/* pairs with: case_backend_wake() */
		if (load_acquire(&p->wake_pending))
			break;
		else
			world_relax();
	return 0;
}

/* Nothing runs, nothing is queued, processors and workers are nobody's. */
static inline void state_init(struct state *st)
{
	static const struct sched_config config = { .procs = PROCS };
	static const struct poll_backend backend = { .name = "case", .wake = case_backend_wake,
						     .poll = case_backend_poll };
	struct sched *s = &st->s;
	memset(st, 0, sizeof *st);
	s->procs = PROCS;
	s->p = st->table;
	s->config = &config;
	s->poller.backend = &backend;
	s->worker_count = WORKERS;
	word_init(&s->last_poll, 1);
	for (unsigned i = 0; i < PROCS; i++) {
		proc_init(state_p(st, i), s, i, SLOTS);
		state_p(st, i)->timers.heap = st->heap;
		state_p(st, i)->timers.room = sizeof st->heap / sizeof st->heap[0];
	}
	for (unsigned i = 0; i < WORKERS; i++)
		worker_init(&st->m[i], s, i);
	for (unsigned i = 0; i < GS; i++)
		st->g[i].s = s;
}

/* Worker i has processor i. */
static inline void state_run(struct state *st, unsigned i)
{
	st->m[i].p = state_p(st, i);
	state_p(st, i)->m = &st->m[i];
	word_init(&state_p(st, i)->status, P_RUNNING);
}

static inline void state_idle_proc(struct state *st, unsigned i)
{
	state_p(st, i)->link = st->s.idle_p;
	st->s.idle_p = state_p(st, i);
	word_init(&st->s.idle_ps, 1);
}

/* Worker i sleeps, and can be woken. */
static inline void state_idle_worker(struct state *st, unsigned i)
{
	st->m[i].idle_link = st->s.idle_m;
	st->s.idle_m = &st->m[i];
	st->s.idle_ms++;
}

/* The calling actor is worker i from here on. */
static inline struct M *state_as(struct state *st, unsigned i)
{
	world_set_local(&st->m[i]);
	return &st->m[i];
}

/* Whether worker i, which slept, has been woken. */
static inline bool state_woken(const struct state *st, unsigned i)
{
	/* relaxed: nothing moves any more */
	return load_relaxed(&st->m[i].wake.key) != 0;
}

/* How often g is in the queues of processor i, and in the global one. */
static inline unsigned state_queued(const struct state *st, unsigned i, const struct G *g)
{
	const struct P *p = (const struct P *)st->proc[i];
	/* relaxed: here and below, nothing moves any more */
	unsigned n = load_relaxed(&p->next) == (uintptr_t)g;
	uint32_t tail = load_relaxed(&p->tail);
	for (uint32_t at = load_relaxed(&p->head); at != tail; at++) /* relaxed: as above */
		/* relaxed: as above */
		n += load_relaxed(&p->ring[at & p->mask]) == (uintptr_t)g;
	/* relaxed: as above */
	for (const struct G *at = (const struct G *)load_relaxed(&p->sent); at; at = at->link)
		n += at == g;
	return n;
}

static inline unsigned state_global(const struct state *st, const struct G *g)
{
	unsigned n = 0;
	for (const struct G *at = st->s.first; at; at = at->link)
		n += at == g;
	return n;
}

/* A goroutine's commit: it waits at st->place, unless that has been left
 * already. */
static inline bool commit_at_place(struct g *g, void *arg)
{
	uintptr_t none = 0;
	/* pairs with: leave_place() exchange — the waiter's status */
	return cas_acq_rel((wordptr *)arg, &none, (uintptr_t)g);
}

/* Whoever waited there; NULL: nobody yet, and nobody will. */
static inline struct g *leave_place(struct state *st)
{
	/* pairs with: commit_at_place() swap */
	return (struct g *)exchange_acq_rel(&st->place, 1);
}

static inline uint32_t status_seen(const struct state *st, unsigned i)
{
	return status_of(&st->g[i].g);
}

#endif
