/* The order in which a worker looks for work is Go 1.19's findRunnable(). */
#include "sched/schedule.h"

#include "sched/idle.h"
#include "sched/park.h"
#include "sched/runq.h"
#include "sched/status.h"
#include "sched/syscall.h"
#include "sched/timers.h"

enum {
	FAIR_TICKS = 61, CLOCK_TICKS = 4, PASSES = 4,
	NEXT_LOOKS = 16,            /* until what runs next is taken to be stuck */
	LINGER_LOOKS = 16, PAUSES = 128 /* between two of them */
};

/* --- looking for work --- */

static uint32_t random_below(struct M *m, uint32_t n)
{
	/* Knuth's MMIX: The Art of Computer Programming 2, 3.3.4, table 1. */
	m->rng = m->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((m->rng >> 32) * n >> 32);
}

static void run_timers(struct P *of)
{
	int64_t first = timers_first(of);
	if (first == 0)
		return;
	int64_t now = world_now();
	if (first <= now)
		timers_run(of, now);
}

static struct G *from_global(struct M *m, unsigned most)
{
	struct sched *s = m->s;
	/* relaxed: a hint; idle_leave() looks again under the lock */
	if (load_relaxed(&s->queued) == 0)
		return NULL;
	mutex_lock(&s->lock);
	struct G *g = global_get(s, m->p, most);
	mutex_unlock(&s->lock);
	return g;
}

/* What runs next there is about to, and costs less there than here: unless
 * whoever runs now goes on for long. */
static bool is_next_stuck(struct P *from)
{
	/* relaxed: a matter of thrift; whoever leaves looks again */
	uint32_t tick = load_relaxed(&from->tick);
	for (unsigned i = NEXT_LOOKS; i-- > 0;) {
		/* relaxed: as above */
		if (load_relaxed(&from->next) == 0 || load_relaxed(&from->tick) != tick)
			return false;
		world_relax();
	}
	return true;
}

static struct G *steal(struct M *m)
{
	struct sched *s = m->s;
	for (unsigned pass = PASSES; pass-- > 0;) {
		bool last = pass == 0;
		unsigned start = random_below(m, s->procs);
		for (unsigned i = s->procs; i-- > 0;) {
			/* Among them its own, which is empty. */
			struct P *from = s->p[(start + i) % s->procs];
			if (last)
				run_timers(from);
			struct G *g = runq_steal(m->p, from, last && is_next_stuck(from));
			if (!g && last)
				g = runq_get(m->p, false);
			if (g)
				return g;
		}
		world_relax();
	}
	return NULL;
}

/* A worker may spin while not more than half of those with a processor do. */
static bool may_spin(struct M *m)
{
	struct sched *s = m->s;
	if (m->spinning)
		return true;
	/* relaxed: a matter of thrift */
	if (2 * load_relaxed(&s->spinning) >= s->procs - load_relaxed(&s->idle_ps))
		return false;
	idle_spin(m);
	return true;
}

/* The next goroutine for m, which has a processor, from its own queue. */
static struct G *next_of_own(struct M *m)
{
	struct P *p = m->p;
	/* relaxed: own word */
	uint32_t tick = load_relaxed(&p->tick);
	bool fair = tick % FAIR_TICKS == 0;
	if (tick % CLOCK_TICKS == 0)
		run_timers(p);
	if (fair)
		runq_receive(p);
	struct G *g = fair ? from_global(m, 1) : NULL;
	return g ? g : runq_get(p, fair);
}

/* Everything that m, which has a processor, may look at. */
static struct G *look_around(struct M *m)
{
	struct sched *s = m->s;
	run_timers(m->p);
	struct G *g = runq_get(m->p, false);
	if (!g)
		g = from_global(m, UINT32_MAX);
	if (g)
		return g;
	/* relaxed: a matter of thrift */
	if (schedule_is_awaited(s) && load_relaxed(&s->last_poll) != 0)
		g = schedule_poll_own(s, m);
	if (g)
		return g;
	return may_spin(m) ? steal(m) : NULL;
}

/* Whether nobody else would wait for timers and descriptors. */
static bool is_wanted_to_block(struct sched *s)
{
	/* relaxed: a matter of thrift; schedule_block() decides */
	return load_relaxed(&s->last_poll) != 0 && (schedule_is_awaited(s) || timers_next(s) != 0);
}

/* Whether there is anything that a thief would get. A glance. */
static bool is_anything_to_take(struct sched *s)
{
	/* relaxed: here and below, whoever leaves looks again */
	if (load_relaxed(&s->queued) != 0)
		return true;
	for (unsigned i = 0; i < s->procs; i++) {
		struct P *p = s->p[i];
		/* relaxed: as above */
		if (load_relaxed(&p->head) != load_relaxed(&p->tail) ||
		    load_relaxed(&p->sent) != 0 || is_next_stuck(p)) /* relaxed: as above */
			return true;
	}
	return false;
}

/* m, which has nothing to run and spins, stays around for a little while: work
 * that comes soon is found for less than a sleep and a wake cost. Returns
 * whether to look again. */
static bool linger(struct M *m)
{
	struct sched *s = m->s;
	if (!m->spinning || is_wanted_to_block(s))
		return false;
	for (unsigned i = LINGER_LOOKS; i-- > 0;) {
		world_relax_for(PAUSES);
		/* relaxed: a glance; whoever leaves or sleeps looks again */
		if (schedule_is_stopping(s) || load_relaxed(&s->ending) || is_anything_to_take(s))
			return true;
	}
	return false;
}

struct G *schedule_find(struct M *m)
{
	for (;;) {
		/* relaxed: whoever sees it leaves, and whoever does not looks
		 * again before it sleeps */
		if (load_relaxed(&m->s->ending))
			return NULL;
		if (!m->p) {
			/* While the world stands still, somebody sees to the
			 * poller all the same. */
			if (!schedule_is_stopping(m->s) || !schedule_block(m))
				idle_stop(m);
			continue;
		}
		if (schedule_is_stopping(m->s)) {
			idle_stop_for_world(m);
			continue;
		}
		struct G *g = next_of_own(m);
		if (!g)
			g = look_around(m);
		if (g)
			return g;
		if (linger(m) || !idle_leave(m))
			continue;
		schedule_block(m);
	}
}

/* --- running --- */

static void execute(struct M *m, struct G *g)
{
	struct P *p = m->p;
	status_set(&g->g, G_RUNNABLE, G_RUNNING);
	g->home = p;
	m->cur = g;
	/* relaxed: read by the monitor, which only watches it for change */
	store_relaxed(&p->tick, load_relaxed(&p->tick) + 1);
	context_switch(&m->context, &g->context);
	while (m->after == AFTER_CALL) {
		m->call(m->call_arg);
		context_switch(&m->context, &g->context);
	}
}

struct G *schedule_after(struct M *m)
{
	struct G *g = m->cur;
	m->cur = NULL;
	switch (m->after) {
	case AFTER_PARK:
		return park_commit(m, g) ? NULL : g;
	case AFTER_YIELD:
		park_yielded(m, g);
		return NULL;
	case AFTER_SYSCALL:
		park_returned(m, g);
		return NULL;
	case AFTER_EXIT:
		park_exited(m, g);
		return NULL;
	/* unreached: AFTER_CALL, which execute() has seen to */
	default:
		return NULL;
	}
}

void schedule(struct M *m)
{
	struct G *again = NULL;
	for (;;) {
		struct G *g = again ? again : schedule_find(m);
		if (!g)
			return;
		if (m->spinning)
			idle_found(m);
		execute(m, g);
		again = schedule_after(m);
	}
}
