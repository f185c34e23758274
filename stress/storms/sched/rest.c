/* Work that nobody will do and timers that nobody will see, by state.
 *
 * Every worker sleeps, is blocked in the poller, or runs a goroutine that says
 * that it computes. Whoever sleeps was on the list of sleepers; whoever
 * computes did so before and after the look; whoever is blocked in the poller
 * sleeps, says the kernel. Nothing that moves only forwards has moved
 * meanwhile. So nobody was about to look for work or to wake anybody, and what
 * is seen stays so until one of those that compute has done with it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sched/idle.h"
#include "sched/runq.h"
#include "sched/timers.h"
#include "storms/sched/wild.h"

enum { MOST_WORKERS = 1024, UNKNOWN = MOST_WORKERS };

static word32 thread_of[MOST_WORKERS]; /* the kernel's number of worker i; 0: none */

void rest_worker(unsigned id)
{
	if (id < MOST_WORKERS)
		/* pairs with: sleeps() */
		store_release(&thread_of[id], (uint32_t)syscall(SYS_gettid));
}

/* Whether the thread of that worker sleeps in the kernel. */
static bool sleeps(unsigned id)
{
	char path[64], state = 0;
	/* pairs with: rest_worker() */
	snprintf(path, sizeof path, "/proc/self/task/%u/stat", load_acquire(&thread_of[id]));
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool read = fscanf(f, "%*d (%*[^)]) %c", &state) == 1;
	fclose(f);
	return read && state == 'S';
}

/* What only grows, and grows with everything that a worker does. */
static uint64_t progress(struct sched *s)
{
	/* relaxed: here and below, between two fences */
	uint64_t sum = load_relaxed(&s->fired) + load_relaxed(&s->started);
	for (unsigned i = 0; i < s->procs; i++)
		sum += load_relaxed(&s->p[i]->tick); /* relaxed: as above */
	for (unsigned i = 0; i < wild.tallies; i++)
		/* pairs with: wild_compute() */
		sum += load_seq_cst(&wild.tally[i].busy);
	return sum;
}

/* What nobody would do anything about. */
struct rest {
	bool work, timer;
	unsigned blocked; /* the worker in the poller; UNKNOWN: none */
};

/* Marks those that compute in known[]; returns how many. */
static unsigned mark_busy(bool known[])
{
	unsigned n = 0;
	for (unsigned i = 0; i < wild.tallies; i++) {
		/* pairs with: wild_compute() */
		uint32_t id = load_seq_cst(&wild.tally[i].busy) & 1
				      /* relaxed: published by busy */
				      ? load_relaxed(&wild.tally[i].worker) : UNKNOWN;
		if (id >= MOST_WORKERS || known[id])
			continue;
		known[id] = true;
		n++;
	}
	return n;
}

/* s->lock held. Returns whether all workers are accounted for. */
static bool account(struct sched *s, struct rest *r)
{
	bool known[MOST_WORKERS] = { false };
	unsigned n = mark_busy(known);
	for (struct M *m = s->idle_m; m; m = m->idle_link) {
		if (m->id >= MOST_WORKERS || known[m->id])
			return false;
		known[m->id] = true;
		n++;
	}
	r->blocked = UNKNOWN;
	/* pairs with: schedule_block() */
	if (load_seq_cst(&s->last_poll) == 0) {
		for (unsigned i = 0; i < s->worker_count && r->blocked == UNKNOWN; i++)
			if (!known[i])
				r->blocked = i;
		n++;
	}
	return n == s->worker_count;
}

static bool is_covered(struct sched *s, const struct rest *r, int64_t first)
{
	/* pairs with: schedule_block() */
	int64_t until = (int64_t)load_seq_cst(&s->poll_until);
	return r->blocked != UNKNOWN && until != 0 && until <= first;
}

/* Returns false if somebody may be about to act. */
static bool look(struct sched *s, struct rest *r)
{
	*r = (struct rest){ .blocked = UNKNOWN };
	mutex_lock(&s->lock);
	/* pairs with: idle_wake(), stw_stop(), worker_ended() */
	bool rests = load_seq_cst(&s->idle_ps) != 0 && load_seq_cst(&s->spinning) == 0 &&
		     /* pairs with: as above */
		     !load_seq_cst(&s->stopping) && !load_acquire(&s->ending) &&
		     s->worker_count <= MOST_WORKERS && account(s, r);
	/* relaxed: written under the lock only */
	r->work = rests && load_relaxed(&s->queued) != 0;
	for (unsigned i = 0; rests && i < s->procs; i++)
		r->work |= !runq_empty(s->p[i]);
	int64_t first = rests ? timers_next(s) : 0;
	r->timer = first != 0 && first <= world_now() && !is_covered(s, r, first);
	mutex_unlock(&s->lock);
	return rests && (r->work || r->timer);
}

unsigned rest_look(struct sched *s)
{
	struct rest before, after;
	/* pairs with: rest_worker() — the scheduler has been set up */
	if (load_acquire(&thread_of[0]) == 0)
		return 0;
	uint64_t moved = progress(s);
	/* pairs with: execute(), timers_run() — counts, before and after
	 * looking */
	fence_seq_cst();
	bool rests = look(s, &before) &&
		     (before.blocked == UNKNOWN || sleeps(before.blocked)) && look(s, &after);
	/* pairs with: as above */
	fence_seq_cst();
	if (!rests || progress(s) != moved || after.blocked != before.blocked)
		return 0;
	bool work = before.work && after.work, timer = before.timer && after.timer;
	if (work)
		wild.order->found(LOST_WORK, "a goroutine is runnable, a processor idle, and every"
				  " worker sleeps or computes", 1);
	if (timer)
		wild.order->found(LOST_WAKEUP, "a timer is due, a processor idle, and every worker"
				  " sleeps past it or computes", 1);
	if (work || timer)
		idle_wake(s);
	return work + timer;
}
