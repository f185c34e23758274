#include "sched/park.h"

#include <errno.h>

#include "sched/idle.h"
#include "sched/runq.h"
#include "sched/schedule.h"
#include "sched/status.h"
#include "sched/timers.h"
#include "sched/worker.h"

enum { FREE_MOST = 64 };

/* --- on the worker's stack --- */

bool park_commit(struct M *m, struct G *g)
{
	commit_fn *commit = m->commit;
	void *arg = m->commit_arg;
	g->g.parks++;
#ifdef BUG_PARK_LATE
	/* moved: a goroutine waits before commit publishes it. A waker finds
	 * one that still runs: fatal, on any machine. */
	if (commit(&g->g, arg)) {
		status_set(&g->g, G_RUNNING, G_WAITING);
		return true;
	}
	status_set(&g->g, G_RUNNING, G_WAITING);
#else
	status_set(&g->g, G_RUNNING, G_WAITING);
	if (commit(&g->g, arg))
		return true;
#endif
	g->g.parks--;
	g->g.aborts++;
	status_set(&g->g, G_WAITING, G_RUNNABLE);
	return false;
}

void park_yielded(struct M *m, struct G *g)
{
	status_set(&g->g, G_RUNNING, G_RUNNABLE);
	/* It waited while g ran, maybe until g was asked to yield. */
	runq_receive(m->p);
	/* Nobody needs to be told: there was work before it, or this worker
	 * takes it up itself. */
	runq_put(m->p, g);
}

void park_returned(struct M *m, struct G *g)
{
	struct sched *s = m->s;
	status_set(&g->g, G_SYSCALL, G_RUNNABLE);
	mutex_lock(&s->lock);
	struct P *p = idle_get(s);
	if (!p)
		global_put(s, g, g, 1);
	mutex_unlock(&s->lock);
	if (p) {
		idle_acquire(m, p);
		runq_put_next(p, g);
	}
}

void park_exited(struct M *m, struct G *g)
{
	struct sched *s = m->s;
	struct P *p = m->p;
	status_set(&g->g, G_RUNNING, G_DEAD);
	if (p->frees < FREE_MOST) {
		g->link = p->free;
		p->free = g;
		p->frees++;
	} else {
		mutex_lock(&s->all_lock);
		g->link = s->free;
		s->free = g;
		mutex_unlock(&s->all_lock);
	}
	/* pairs with: each other — all that the others did */
	if (fetch_add_acq_rel(&s->alive, (uint32_t)-1) == 1)
		worker_ended(s);
}

/* --- on the goroutine's --- */

void park_leave(enum after after)
{
	struct M *m = m_self();
	m->after = after;
	context_switch(&m->cur->context, &m->context);
}

static struct g *current(void)
{
	return &m_self()->cur->g;
}

static void park(commit_fn *commit, void *arg)
{
	struct M *m = m_self();
	if (!m || !m->cur)
		world_fatal("only goroutines can park");
	m->commit = commit;
	m->commit_arg = arg;
	m->after = AFTER_PARK;
	context_switch(&m->cur->context, &m->context);
}

static void ready(struct g *g)
{
	struct G *big = (struct G *)g;
	struct M *m = m_self();
	if (!m || !m->p) {
		schedule_inject(big->s, m, &g, 1);
		return;
	}
	status_ready(g);
	runq_put_next(m->p, big);
	idle_wake(m->s);
}

const struct runtime sched_runtime = {
	.name = "sched",
	.current = current,
	.park = park,
	.ready = ready,
	.timer_start = timers_start,
	.timer_stop = timers_stop,
};

void go_yield(void)
{
	park_leave(AFTER_YIELD);
}

void go_exit(void)
{
	struct M *m = m_self();
	m->after = AFTER_EXIT;
	context_end(&m->cur->context, &m->context);
}

void go_check(void)
{
	struct P *p = m_self()->p;
	/* relaxed: a request, which comes again */
	if (__builtin_expect(load_relaxed(&p->preempt), 0)) {
		/* relaxed: as above */
		store_relaxed(&p->preempt, 0);
		go_yield();
	}
}

void worker_call(void (*fn)(void *arg), void *arg)
{
	struct M *m = m_self();
	m->call = fn;
	m->call_arg = arg;
	park_leave(AFTER_CALL);
}

static void grow(void *arg)
{
	struct G *g = m_self()->cur;
	status_set(&g->g, G_RUNNING, G_COPYSTACK);
	int error = stack_grow(&g->stack, g->context.sp, *(size_t *)arg);
	if (error != 0)
		world_fatal(error == -EOVERFLOW ? "stack overflow: more than the most allowed"
						: "no memory for a goroutine's stack");
	status_set(&g->g, G_COPYSTACK, G_RUNNING);
}

void stack_need(size_t bytes)
{
	struct M *m = m_self();
	/* relaxed: a request, which comes again */
	if (__builtin_expect(load_relaxed(&m->p->preempt), 0)) {
		go_check();
		m = m_self();
	}
	if (__builtin_expect(!stack_has(&m->cur->stack, __builtin_frame_address(0), bytes), 0))
		worker_call(grow, &bytes);
}

/* --- sleeping --- */

static void end_sleep(void *arg, uintptr_t seq)
{
	(void)seq;
	runtime->ready(arg);
}

static bool sleep_commit(struct g *g, void *arg)
{
	struct G *big = (struct G *)g;
	timers_start(&big->sleep, *(int64_t *)arg, end_sleep, g, 0);
	return true;
}

void go_sleep(int64_t ns)
{
	int64_t when = world_now() + ns;
	park(sleep_commit, &when);
}
