/* Stopping and starting the world: every processor, not every thread. A worker
 * blocked in the poller has none and goes on; what it makes runnable waits on
 * the global queue. */
#include "sched/idle.h"
#include "sched/runq.h"
#include "sched/schedule.h"
#include "sched/stw.h"
#include "sched/timers.h"

enum { SPINS = 2000, AGAIN_NS = 100000 };

/* Asks every goroutine to yield, but not the caller. */
static void preempt_all(struct sched *s, struct P *own)
{
	for (unsigned i = 0; i < s->procs; i++)
		/* relaxed: a request, repeated until it is served */
		store_relaxed(&s->p[i]->preempt, s->p[i] != own);
}

/* Stops what runs no goroutine: own, idle ones, and those in system calls.
 * s->lock held. Returns how many those are. */
static uint32_t stop_the_quiet(struct sched *s, struct P *own)
{
	uint32_t quiet = 1;
	/* relaxed: the caller's own */
	store_relaxed(&own->status, P_STOPPED);
	for (unsigned i = 0; i < s->procs; i++) {
		uint32_t seen = P_SYSCALL;
		/* The race lost: its goroutine returns, and will see stopping.
		 * pairs with: syscall_enter(), syscall_exit() */
		if (cas_seq_cst(&s->p[i]->status, &seen, P_STOPPED))
			quiet++;
	}
	for (struct P *p; (p = idle_get(s));) {
		/* relaxed: it is nobody's, and the lock is held */
		store_relaxed(&p->status, P_STOPPED);
		quiet++;
	}
	return quiet;
}

void stw_one_less(struct sched *s)
{
	uint32_t left = count_get(&s->stop_wait) - 1;
	count_set(&s->stop_wait, left);
#ifndef BUG_STOPWAIT_BARE
	if (left == 0)
		note_wakeup(&s->stopped);
#endif
}

/* Waits until the last processor has stopped. */
static void await(struct sched *s, struct P *own)
{
#ifdef BUG_STOPWAIT_BARE
	/* dropped: the note, which orders what the others did before what the
	 * stopper does (golang/go#30189). Nothing to see on x86, where loads
	 * keep their order: data_race. Also built as BUG_STOPWAIT_BARE+plain.
	 */
	while (count_get(&s->stop_wait) != 0)
		world_relax();
	return;
#endif
	for (int i = 0; i < SPINS; i++) {
		/* relaxed: it is slept on all the same */
		if (load_relaxed(&s->stopped.key))
			break;
		world_relax();
	}
	while (!note_sleep_for(&s->stopped, AGAIN_NS))
		preempt_all(s, own);
	note_clear(&s->stopped);
}

void stw_stop(struct sched *s, struct P *own)
{
	mutex_lock(&s->lock);
	/* pairs with: syscall_enter() — stopping, before statuses are read */
	store_seq_cst(&s->stopping, 1);
	preempt_all(s, own);
	uint32_t left = s->procs - stop_the_quiet(s, own);
	count_set(&s->stop_wait, left);
	mutex_unlock(&s->lock);
	if (left > 0)
		await(s, own);
	/* Without the lock: the note orders it. */
	if (count_get(&s->stop_wait) != 0)
		world_fatal("the world is stopped, and processors are missing");
	for (unsigned i = 0; i < s->procs; i++)
		/* relaxed: ordered by the note */
		if (load_relaxed(&s->p[i]->status) != P_STOPPED)
			world_fatal("the world is stopped, and a processor is not");
}

/* Processors with work of their own get workers, the others are idle. s->lock
 * held. Returns the list of the former. */
static struct P *let_go(struct sched *s, struct P *own)
{
	struct P *work = NULL;
	for (unsigned i = s->procs; i-- > 0;) {
		struct P *p = s->p[i];
		/* relaxed: a request that is void now */
		store_relaxed(&p->preempt, 0);
		if (p == own)
			continue;
		if (runq_empty(p)) {
			idle_put(s, p);
		} else {
			p->link = work;
			work = p;
		}
	}
	/* pairs with: monitor — as in idle_acquire() */
	store_release(&own->status, P_RUNNING);
	return work;
}

void stw_start(struct sched *s, struct P *own)
{
	mutex_lock(&s->lock);
	struct P *work = let_go(s, own);
	/* pairs with: all that look whether the world stops */
	store_seq_cst(&s->stopping, 0);
	for (struct P *p; (p = work); idle_start(s, p, false))
		work = p->link;
	/* Somebody must see to what the poller has made runnable meanwhile, and
	 * wait for timers and descriptors: whoever did may have come back,
	 * found no processor and gone to sleep. */
	/* relaxed: the lock is held; waiters look around before they sleep */
	bool more = load_relaxed(&s->queued) != 0 || load_relaxed(&s->poller.waiters) != 0;
	mutex_unlock(&s->lock);
	if (more || timers_next(s) != 0)
		idle_wake(s);
}

void stop_the_world(void)
{
	struct sched *s = m_self()->s;
	for (uint32_t none = 0;; none = 0) {
		/* relaxed: s->lock orders what the last one did */
		if (cas_relaxed(&s->stopper, &none, 1))
			break;
		go_yield();
	}
	stw_stop(s, m_self()->p);
	/* relaxed: a figure */
	fetch_add_relaxed(&s->stops, 1);
}

static void poll_and_start(void *arg)
{
	struct M *m = m_self();
	(void)arg;
	schedule_poll(m->s, m);
	stw_start(m->s, m->p);
}

void start_the_world(void)
{
	struct sched *s = m_self()->s;
	worker_call(poll_and_start, NULL);
	/* relaxed: as in stop_the_world() */
	store_relaxed(&s->stopper, 0);
}

/* --- help for the collector --- */

struct help {
	void (*fn)(void *arg);
	void *arg;
	word32 left;
	note done;
};

static void help_main(void *arg)
{
	struct help *h = arg;
	h->fn(h->arg);
	/* pairs with: each other, and sched_help() — all that fn did. kept: the
	 * check halts shows it */
	if (fetch_add_acq_rel(&h->left, (uint32_t)-1) == 1)
		note_wakeup(&h->done);
}

unsigned sched_help(unsigned most, void (*fn)(void *arg), void *arg)
{
	struct sched *s = m_self()->s;
	struct help h = { .fn = fn, .arg = arg };
	unsigned n = 0;
	struct M *first = NULL;
	mutex_lock(&s->lock);
	while (n < most && s->idle_m) {
		struct M *m = s->idle_m;
		s->idle_m = m->idle_link;
		s->idle_ms--;
		m->idle_link = first;
		first = m;
		n++;
	}
	mutex_unlock(&s->lock);
	word_init(&h.left, n + 1);
	for (struct M *m = first, *next; m; m = next) {
		next = m->idle_link;
		m->help_arg = &h;
		m->help = help_main;
		note_wakeup(&m->wake);
	}
	worker_call(help_main, &h);
	note_sleep(&h.done);
	return n + 1;
}
