/* What the scheduler's state says is lost for good. */
#include "poller/poller.h"
#include "sched/schedule.h"
#include "sched/status.h"
#include "storms/sched/wild.h"

/* A worker that spins on g until it is in a status to which it cannot come back
 * while the world is stopped. The world is: so no goroutine and no processor
 * runs, the poller only makes waiting ones runnable, and what is runnable stays
 * so, but for collectors that hold it for a moment. */
static struct G *wedged_on(struct sched *s, struct M *m)
{
	/* pairs with: show() in status.c — spin_from */
	struct G *g = (struct G *)load_acquire(&m->spin_on);
	/* relaxed: ordered by the load above, and looked at again below */
	if (!g || load_relaxed(&m->spin_from) != G_WAITING)
		return NULL;
	for (unsigned i = 0; i < s->procs; i++)
		/* pairs with: idle_stop_for_world(), start_the_world() */
		if (load_acquire(&s->p[i]->status) != P_STOPPED)
			return NULL;
	/* pairs with: stw_stop(); show() */
	if (!load_acquire(&s->stopping) || load_acquire(&m->spin_on) != (uintptr_t)g)
		return NULL;
	/* pairs with: status_ready() */
	return load_acquire(&g->g.status) == G_RUNNABLE ? g : NULL;
}

/* Lends g the status that m waits for, until m has had it. */
static void rescue(struct M *m, struct G *g)
{
	uint32_t runnable = G_RUNNABLE, waiting = G_WAITING;
	/* pairs with: status_set(); the race lost: another collector's scan */
	while (!cas_acq_rel(&g->g.status, &runnable, G_WAITING))
		runnable = G_RUNNABLE;
	/* At once it may spin on the next one; or, the world started and g
	 * taken off its queue, until g is runnable again. pairs with: show() */
	while (load_acquire(&m->spin_on) == (uintptr_t)g &&
	       /* relaxed: looked at until it changes */
	       load_relaxed(&m->spin_from) == G_WAITING)
		world_yield();
	/* pairs with: status_set() — m restores what it has taken */
	while (!cas_acq_rel(&g->g.status, &waiting, G_RUNNABLE)) {
		waiting = G_WAITING;
		world_yield();
	}
}

unsigned watch_wedges(struct sched *s)
{
	unsigned found = 0;
	mutex_lock(&s->lock);
	struct M *first = s->workers;
	mutex_unlock(&s->lock);
	for (struct M *m = first; m; m = m->all_link) {
		struct G *g = wedged_on(s, m);
		if (!g)
			continue;
		wild.order->found(WEDGE, "the world is stopped, and a collector waits for a "
				  "status that cannot come back", 1);
		rescue(m, g);
		found++;
	}
	return found;
}

/* Whoever publishes takes waiters under the same lock: so one who is there now,
 * in spite of what is published, came before that and was not taken. */
static void watch_waiter(struct poll_desc *pd, int mode)
{
	mutex_lock(&pd->lock);
	/* pairs with: poll_block() */
	uintptr_t g = load_seq_cst(mode == POLL_READ ? &pd->rg : &pd->wg);
	enum poll_error error = poll_check_error(pd, mode);
	mutex_unlock(&pd->lock);
	if (g <= SEM_WAIT || (error != POLL_CLOSING && error != POLL_TIMEOUT))
		return;
	int waiters = 0;
	struct g *taken = poll_take(pd, mode, true, &waiters);
	if (!taken)
		return;
	wild.order->found(LOST_WAKEUP, "a goroutine waits on a descriptor that is over", 1);
	schedule_inject(sched_current(), NULL, &taken, 1);
	poller_adjust(pd->poller, waiters);
}

static void watch_both(struct poll_desc *pd)
{
	watch_waiter(pd, POLL_READ);
	watch_waiter(pd, POLL_WRITE);
}

void watch_waiters(struct sched *s)
{
	mutex_lock(&s->lock);
	bool started = s->workers != NULL;
	mutex_unlock(&s->lock);
	if (started)
		poller_each(&s->poller, watch_both);
}
