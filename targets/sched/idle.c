#include "sched/idle.h"

#include "sched/runq.h"
#include "sched/stw.h"
#include "sched/timers.h"
#include "sched/worker.h"

/* --- lists; s->lock held --- */

void idle_put(struct sched *s, struct P *p)
{
	/* relaxed: published by the lock */
	store_relaxed(&p->status, P_IDLE);
	p->link = s->idle_p;
	s->idle_p = p;
	/* pairs with: idle_wake() load — before this worker's last look */
	fetch_add_seq_cst(&s->idle_ps, 1);
}

struct P *idle_get(struct sched *s)
{
	struct P *p = s->idle_p;
	if (p) {
		s->idle_p = p->link;
		/* relaxed: who sees an old one looks in vain */
		fetch_add_relaxed(&s->idle_ps, (uint32_t)-1);
	}
	return p;
}

void idle_start(struct sched *s, struct P *p, bool spinning)
{
	struct M *m = s->idle_m;
	/* relaxed: written under the lock, which is held */
	if (load_relaxed(&s->ending)) {
		idle_put(s, p);
		return;
	}
	if (!m) {
		worker_new(s, p, spinning);
		return;
	}
	s->idle_m = m->idle_link;
	s->idle_ms--;
	m->next_p = p;
	m->wake_spins = spinning;
	note_wakeup(&m->wake);
}

/* --- having a processor --- */

void idle_acquire(struct M *m, struct P *p)
{
	m->p = p;
	p->m = m;
	/* relaxed: p's fields go with the lock, or with P_SYSCALL */
	store_relaxed(&p->status, P_RUNNING);
}

struct P *idle_release(struct M *m)
{
	struct P *p = m->p;
	m->p = NULL;
	p->m = NULL;
	return p;
}

/* --- spinning --- */

void idle_wake_slow(struct sched *s)
{
	uint32_t none = 0;
	/* The race lost: another waker. relaxed: who sees it leaves the rest to
	 * whoever spins, and that one's decrement comes later */
	if (!cas_relaxed(&s->spinning, &none, 1))
		return;
	mutex_lock(&s->lock);
	struct P *p = idle_get(s);
	if (p)
		idle_start(s, p, true);
	else
		/* All processors are busy, and look themselves. relaxed: the
		 * next one that is idle is so under the lock */
		fetch_add_relaxed(&s->spinning, (uint32_t)-1);
	mutex_unlock(&s->lock);
}

void idle_spin(struct M *m)
{
	m->spinning = true;
	/* relaxed: as in idle_wake_slow() */
	fetch_add_relaxed(&m->s->spinning, 1);
}

void idle_found(struct M *m)
{
	m->spinning = false;
	/* pairs with: idle_wake() — before the look for idle processors */
	fetch_add_seq_cst(&m->s->spinning, (uint32_t)-1);
	/* There may be more where that came from. */
	idle_wake(m->s);
}

void idle_wake_for(struct sched *s, int64_t when)
{
	/* pairs with: schedule_block() exchange — the timer, before looking */
	if (load_seq_cst(&s->last_poll) != 0) {
		idle_wake(s);
		return;
	}
	/* pairs with: schedule_block() store */
	int64_t until = (int64_t)load_seq_cst(&s->poll_until);
	if (until == 0 || until > when)
		s->poller.backend->wake(&s->poller);
}

/* Whether any processor has work, after all. The queue of all was empty under
 * the lock, and who puts anything there since then sees the idle processor, or
 * has a full ring. */
static bool work_left(struct sched *s)
{
	for (unsigned i = 0; i < s->procs; i++)
		if (!runq_empty(s->p[i]))
			return true;
	return false;
}

bool idle_take(struct M *m)
{
	struct sched *s = m->s;
	mutex_lock(&s->lock);
	struct P *p = idle_get(s);
	mutex_unlock(&s->lock);
	if (!p)
		return false;
	idle_acquire(m, p);
	return true;
}

/* m, without a processor, has seen work: it takes one and spins. */
static bool come_back(struct M *m)
{
	if (!idle_take(m))
		return false; /* all are busy, and will find it */
	idle_spin(m);
	return true;
}

static void stop_spinning(struct M *m)
{
	if (!m->spinning)
		return;
	m->spinning = false;
	/* pairs with: idle_wake() load — before the last look */
	fetch_add_seq_cst(&m->s->spinning, (uint32_t)-1);
}

bool idle_leave(struct M *m)
{
	struct sched *s = m->s;
	mutex_lock(&s->lock);
	/* relaxed: both are written under the lock only */
	if (load_relaxed(&s->stopping) || load_relaxed(&s->queued) != 0) {
		mutex_unlock(&s->lock);
		return false;
	}
#ifdef BUG_LEAVE_UNCHECKED
	/* dropped: the last look comes after spinning is given up. Work put in
	 * between finds somebody who spins, and that one does not look any
	 * more: lost_work, on any machine. */
	bool left = work_left(s);
	idle_put(s, idle_release(m));
	mutex_unlock(&s->lock);
	stop_spinning(m);
#else
	idle_put(s, idle_release(m));
	mutex_unlock(&s->lock);
	stop_spinning(m);
	bool left = work_left(s);
#endif
	return !(left && come_back(m));
}

/* --- sleeping --- */

/* Every worker sleeps, and not for the end, which wakes all: nobody will ever
 * wake one. s->lock held. */
static bool is_dead(struct sched *s)
{
	/* unreached: whose processor becomes idle has looked there, under the
	 * lock, and who comes later finds that processor */
	return s->idle_ms == s->worker_count && s->first == NULL;
}

void idle_stop(struct M *m)
{
	struct sched *s = m->s;
	for (;;) {
		mutex_lock(&s->lock);
		/* relaxed: written under the lock */
		if (load_relaxed(&s->ending)) {
			mutex_unlock(&s->lock);
			return;
		}
		m->idle_link = s->idle_m;
		s->idle_m = m;
		s->idle_ms++;
		bool dead = is_dead(s);
		mutex_unlock(&s->lock);
		if (dead)
			worker_deadlock(s);
		note_sleep(&m->wake);
		note_clear(&m->wake);
		if (!m->help)
			break;
		void (*help)(void *) = m->help;
		m->help = NULL;
		help(m->help_arg);
	}
	/* NULL: all has ended. */
	if (m->next_p) {
		idle_acquire(m, m->next_p);
		m->next_p = NULL;
		m->spinning = m->wake_spins;
	}
}

void idle_stop_for_world(struct M *m)
{
	struct sched *s = m->s;
	stop_spinning(m);
	struct P *p = idle_release(m);
	mutex_lock(&s->lock);
#ifdef BUG_STOP_EARLY
	/* moved: a processor stands still before it is counted. The stopper
	 * finds one that does not: fatal, on any machine. */
	stw_one_less(s);
	mutex_unlock(&s->lock);
	/* pairs with: as below */
	store_release(&p->status, P_STOPPED);
#else
	/* pairs with: stop_the_world()'s look at every processor */
	store_release(&p->status, P_STOPPED);
	stw_one_less(s);
	mutex_unlock(&s->lock);
#endif
}
