/* The poller: what it makes runnable comes onto queues, and a worker that has
 * nothing to run waits in it. */
#include "sched/schedule.h"

#include "sched/idle.h"
#include "sched/runq.h"
#include "sched/status.h"
#include "sched/syscall.h"
#include "sched/timers.h"

enum { NOTE_TICKS = 64, EVENTS = 256 };

/* Makes the goroutines of list runnable, and links each to the next. */
static void link_ready(struct g **list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		status_ready(list[i]);
		if (i > 0)
			((struct G *)list[i - 1])->link = (struct G *)list[i];
	}
}

static void inject_globally(struct sched *s, struct g **list, unsigned n)
{
	link_ready(list, n);
	mutex_lock(&s->lock);
	global_put(s, (struct G *)list[0], (struct G *)list[n - 1], n);
	/* While the world stops or is stopped, none is idle. */
	for (struct P *p; n > 0 && (p = idle_get(s)); n--)
		idle_start(s, p, false);
	mutex_unlock(&s->lock);
}

/* Where g is better run: on the processor that has its connection's memory in
 * its cache, if that one runs something and comes to it soon, else on p. */
static struct P *home_of(const struct G *g, struct P *p)
{
	/* relaxed: a matter of thrift */
	return g->home && load_relaxed(&g->home->status) == P_RUNNING ? g->home : p;
}

/* Makes the n goroutines of list runnable, on p or where they ran last. */
static void put_ready(struct P *p, struct g **list, unsigned n)
{
	struct P *to = p;
	struct G *first = NULL, *last = NULL; /* for `to`, which is not p */
	for (unsigned i = 0; i < n; i++) {
		struct G *g = (struct G *)list[i];
		status_ready(list[i]);
		struct P *home = home_of(g, p);
		if (home == p) {
			runq_put(p, g);
			continue;
		}
		if (first && to != home) {
			runq_send(to, first, last);
			first = NULL;
		}
		if (first)
			last->link = g;
		else
			first = g;
		last = g;
		to = home;
	}
	if (first)
		runq_send(to, first, last);
}

void schedule_inject(struct sched *s, struct M *m, struct g **list, unsigned n)
{
	if (n == 0)
		return;
	if (!m || !m->p) {
		inject_globally(s, list, n);
		return;
	}
	if (n == 1 && !m->cur) {
		/* The worker looks for work itself. */
		status_ready(list[0]);
		runq_put(m->p, (struct G *)list[0]);
		return;
	}
	put_ready(m->p, list, n);
	runq_publish();
	idle_wake(s);
}

unsigned schedule_poll(struct sched *s, struct M *m)
{
	struct g *list[EVENTS];
	int waiters;
	unsigned n = s->poller.backend->poll(&s->poller, 0, list, &waiters);
	schedule_inject(s, m, list, n);
	poller_adjust(&s->poller, waiters);
	return n;
}

/* Now and then, so that the monitor need not poll for workers that do. */
static void note_poll(struct sched *s, struct P *p)
{
	/* relaxed: own word; and what the swap compares */
	bool now = load_relaxed(&p->tick) % NOTE_TICKS == 0;
	uint64_t last = now ? load_relaxed(&s->last_poll) : 0;
	if (last != 0)
		/* The race lost: somebody blocks there. relaxed: a time */
		cas_relaxed(&s->last_poll, &last, (uint64_t)world_now());
}

struct G *schedule_poll_own(struct sched *s, struct M *m)
{
	struct g *list[EVENTS];
	int waiters;
	unsigned n = s->poller.backend->poll(&s->poller, 0, list, &waiters);
	note_poll(s, m->p);
	struct G *g = NULL;
	if (n > 1) {
		put_ready(m->p, list, n);
		runq_publish();
		idle_wake(s);
		g = runq_get(m->p, false);
	} else if (n == 1) {
		g = (struct G *)list[0];
		status_ready(&g->g);
	}
	poller_adjust(&s->poller, waiters);
	return g;
}

bool schedule_block(struct M *m)
{
	struct sched *s = m->s;
	/* In a stopped world no timer fires; start_the_world() sees to them. */
	int64_t until = schedule_is_stopping(s) ? 0 : timers_next(s);
	if (!schedule_is_awaited(s) && until == 0)
		return false;
	/* pairs with: idle_wake_for() — until, which was read before */
	if (exchange_seq_cst(&s->last_poll, 0) == 0) {
		/* pairs with: below */
		int64_t theirs = (int64_t)load_seq_cst(&s->poll_until);
		if (until != 0 && (theirs == 0 || theirs > until))
			s->poller.backend->wake(&s->poller);
		return false;
	}
	/* Not before the exchange: worker_ended() wakes one, and whoever comes
	 * next would block for ever. pairs with: worker_ended() */
	if (load_acquire(&s->ending)) {
		/* pairs with: the next one's exchange */
		store_seq_cst(&s->last_poll, (uint64_t)world_now());
		return false;
	}
	/* pairs with: idle_wake_for() */
	store_seq_cst(&s->poll_until, (uint64_t)until);
	struct g *list[EVENTS];
	int64_t delay = until == 0 ? -1 : until - world_now();
	int waiters;
	unsigned n = s->poller.backend->poll(&s->poller, until != 0 && delay < 0 ? 0 : delay, list,
					     &waiters);
	/* pairs with: idle_wake_for() */
	store_seq_cst(&s->poll_until, 0);
	store_seq_cst(&s->last_poll, (uint64_t)world_now());
	bool back = idle_take(m);
	schedule_inject(s, m, list, n);
	poller_adjust(&s->poller, waiters);
	if (back && n == 0)
		idle_spin(m);
#ifndef BUG_TIMERS_LEFT
	/* dropped there: the timers of idle processors pass while whoever
	 * waited for them runs something: lost_wakeup, on any machine. */
	else if (back)
		monitor_keep(s);
#endif
	return back || n > 0;
}
