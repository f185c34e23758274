#include "sched/syscall.h"

#include "sched/idle.h"
#include "sched/park.h"
#include "sched/runq.h"
#include "sched/status.h"
#include "sched/stw.h"
#include "sched/timers.h"

/* A processor in a system call is given up for the world to stop. Whoever is
 * first does it: this worker, the stopper, or the monitor. */
static void stop_own(struct sched *s, struct P *p)
{
	uint32_t seen = P_SYSCALL;
	mutex_lock(&s->lock);
	/* pairs with: stop_the_quiet(), syscall_take_back() */
	if (count_get(&s->stop_wait) > 0 && cas_seq_cst(&p->status, &seen, P_STOPPED))
		stw_one_less(s);
	mutex_unlock(&s->lock);
}

struct P *syscall_give(struct M *m)
{
	struct sched *s = m->s;
	struct P *p = idle_release(m);
	m->old_p = p;
	/* relaxed: only watched for change */
	fetch_add_relaxed(&p->calls, 1);
	/* pairs with: stop_the_quiet(), which reads it after setting stopping;
	 * and whoever takes p — its fields */
	store_seq_cst(&p->status, P_SYSCALL);
	/* pairs with: stw_stop() store */
	if (load_seq_cst(&s->stopping))
		stop_own(s, p);
	return p;
}

bool syscall_take_back(struct M *m)
{
	struct P *p = m->old_p;
#ifdef BUG_SYSCALL_STORE
	/* dropped: the swap compares. A processor that was stopped or handed on
	 * in between is taken back all the same, and runs in a stopped world:
	 * stack_corruption, on any machine. pairs with: stop_the_quiet() */
	if (load_acquire(&p->status) != P_SYSCALL)
		return false;
	store_release(&p->status, P_RUNNING);
#else
	uint32_t seen = P_SYSCALL;
	/* The race lost: the stopper or the monitor has it. pairs with:
	 * stop_the_quiet(), the monitor */
	if (!cas_seq_cst(&p->status, &seen, P_RUNNING))
		return false;
#endif
	m->p = p;
	p->m = m;
	return true;
}

void syscall_hand_on(struct sched *s, struct P *p)
{
	bool last = false, sent = false;
	mutex_lock(&s->lock);
	/* pairs with: stw_stop() */
	if (load_acquire(&s->stopping)) {
		/* pairs with: stw_stop()'s look at every processor */
		store_release(&p->status, P_STOPPED);
		stw_one_less(s);
	} else if (!runq_empty(p) || s->first) {
		idle_start(s, p, false);
	} else {
		idle_put(s, p);
#ifndef BUG_HAND_ON_BLIND
		/* dropped there: the look after the processor is idle. Whoever
		 * saw it run and sends something after the first look found
		 * none idle: lost_work, on any machine. */
		sent = !runq_empty(p);
#endif
		/* relaxed: written under the lock only */
		last = load_relaxed(&s->idle_ps) == s->procs;
	}
	mutex_unlock(&s->lock);
	/* Who ran on p would have waited for descriptors: somebody must. While
	 * others run the monitor does, and for timers in any case. relaxed: who
	 * parks there is long there; the race lost: somebody begins to wait */
	last = last && load_relaxed(&s->poller.waiters) != 0 && load_relaxed(&s->last_poll) != 0;
	if (sent || last)
		idle_wake(s);
	/* relaxed: a figure */
	fetch_add_relaxed(&s->handed_off, 1);
}

void syscall_enter(void)
{
	struct M *m = m_self();
	struct sched *s = m->s;
	status_set(&m->cur->g, G_RUNNING, G_SYSCALL);
	syscall_give(m);
	/* pairs with: sleep_long() — a glance that may be late: it looks again
	 * after its sleep */
	if (__builtin_expect(load_acquire(&s->monitor_sleeps), 0) &&
	    exchange_acq_rel(&s->monitor_sleeps, 0))
		monitor_wake(s);
}

void syscall_exit(void)
{
	struct M *m = m_self();
	if (!syscall_take_back(m) && !idle_take(m)) {
		park_leave(AFTER_SYSCALL);
		return;
	}
	status_set(&m->cur->g, G_SYSCALL, G_RUNNING);
}
