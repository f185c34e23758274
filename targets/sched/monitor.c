/* The monitor: a thread without a processor that takes processors away from
 * long system calls, asks goroutines that run for long to yield, and polls when
 * nobody has for a while. */
#include <string.h>

#include "sched/idle.h"
#include "sched/runq.h"
#include "sched/schedule.h"
#include "sched/syscall.h"
#include "sched/timers.h"

#define US INT64_C(1000)
#define MS (1000 * US)

enum { QUIET_ROUNDS = 50 };
#define SHORTEST (20 * US)
#define LONGEST (10 * MS)
#define STALE (10 * MS)
#define ASLEEP (1000 * MS)

/* What the monitor remembers of a processor. */
struct watch {
	uint32_t tick, calls;
	int64_t tick_since, calls_since;
};

void syscall_wake_monitor(struct sched *s)
{
	mutex_lock(&s->lock);
	/* relaxed: the lock is held */
	if (load_relaxed(&s->monitor_sleeps)) {
		/* pairs with: syscall_enter() */
		store_release(&s->monitor_sleeps, 0);
		note_wakeup(&s->monitor_wake);
	}
	mutex_unlock(&s->lock);
}

/* Whether p's system call is worth ending early: there is work for it, or
 * nobody else would do what comes. */
static bool is_wanted(struct sched *s, struct P *p, int64_t since, int64_t now)
{
	/* relaxed: matters of thrift */
	bool others = load_relaxed(&s->spinning) + load_relaxed(&s->idle_ps) > 0;
	return !runq_empty(p) || !others || now - since > LONGEST;
}

/* Returns whether it did anything. */
static bool look_at(struct sched *s, struct P *p, struct watch *w, int64_t now)
{
	/* pairs with: syscall_give() */
	uint32_t status = load_acquire(&p->status);
	/* relaxed: only watched for change */
	uint32_t tick = load_relaxed(&p->tick), calls = load_relaxed(&p->calls);
	if (w->tick != tick) {
		w->tick = tick;
		w->tick_since = now;
	} else if (status == P_RUNNING && now - w->tick_since > LONGEST) {
		/* relaxed: a request */
		store_relaxed(&p->preempt, 1);
	}
	if (status != P_SYSCALL)
		return false;
	if (w->calls != calls) {
		w->calls = calls;
		w->calls_since = now;
		return false;
	}
	/* The race lost: the goroutine returns. pairs with: syscall_give() —
	 * p's fields */
	if (!is_wanted(s, p, w->calls_since, now) || !cas_seq_cst(&p->status, &status, P_IDLE))
		return false;
	/* relaxed: only watched for change */
	fetch_add_relaxed(&p->calls, 1);
	syscall_hand_on(s, p);
	return true;
}

/* Everybody is idle, or stands still: sleeps until a system call begins. */
static bool sleep_long(struct sched *s)
{
	mutex_lock(&s->lock);
	/* relaxed: written under the lock only. pairs with: worker_ended() */
	bool quiet = load_acquire(&s->stopping) || load_relaxed(&s->idle_ps) == s->procs;
	if (quiet)
		/* pairs with: syscall_enter() */
		store_release(&s->monitor_sleeps, 1);
	mutex_unlock(&s->lock);
	if (!quiet)
		return false;
	note_sleep_for(&s->monitor_wake, ASLEEP);
	mutex_lock(&s->lock);
	/* relaxed: the lock is held, under which it is also woken */
	store_relaxed(&s->monitor_sleeps, 0);
	note_clear(&s->monitor_wake);
	mutex_unlock(&s->lock);
	return true;
}

static void poll_if_stale(struct sched *s, int64_t now)
{
	/* relaxed: the swap compares it */
	uint64_t last = load_relaxed(&s->last_poll);
	/* The race lost: somebody polls. pairs with: schedule_block() */
	if (last != 0 && (int64_t)last + STALE < now &&
	    cas_seq_cst(&s->last_poll, &last, (uint64_t)now))
		schedule_poll(s, NULL);
}

/* Timers that should have run long ago: whoever was to wait for them is busy
 * with something else. Go's monitor did so up to 1.15. */
static void wake_if_overdue(struct sched *s, int64_t now)
{
	int64_t next = timers_next(s);
	if (next != 0 && next + STALE < now)
		idle_wake(s);
}

void monitor_main(void *arg)
{
	static struct watch watch[MOST_PROCS];
	static word32 never;
	struct sched *s = arg;
	int64_t nap = SHORTEST;
	unsigned quiet = 0;
	memset(watch, 0, s->procs * sizeof *watch);
	/* pairs with: worker_ended() */
	while (!load_acquire(&s->ending)) {
		if (quiet == 0)
			nap = SHORTEST;
		else if (quiet > QUIET_ROUNDS)
			nap = 2 * nap < LONGEST ? 2 * nap : LONGEST;
		world_futex_wait(&never, 0, nap);
		if (sleep_long(s)) {
			quiet = 0;
			continue;
		}
		int64_t now = world_now();
		poll_if_stale(s, now);
		wake_if_overdue(s, now);
		bool did = false;
		for (unsigned i = 0; i < s->procs; i++)
			did |= look_at(s, s->p[i], &watch[i], now);
		quiet = did ? 0 : quiet + 1;
	}
}
