/* The monitor: a thread without a processor that takes processors away from
 * long system calls, asks goroutines that run for long to yield, polls when
 * nobody has for a while, and keeps the time for idle processors.
 *
 * Whoever blocks in the poller waits for every timer there is. Once it has left
 * with something to run, the timers of busy processors are looked at by those
 * who run there, and those of idle ones by nobody: then the monitor sleeps no
 * longer than until the first of them. Who leaves wakes it if it would.
 */
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
#define LATE (200 * US) /* that a timer may be, if only the monitor waits for it */
#define ASLEEP (1000 * MS)

/* --- sleeping --- */

/* When the first timer of an idle processor is due; 0: there is none. */
static int64_t first_of_idle(struct sched *s)
{
	int64_t next = 0;
	for (unsigned i = 0; i < s->procs; i++) {
		int64_t first = timers_first(s->p[i]);
		/* relaxed: who becomes idle looks at all timers afterwards */
		if (first != 0 && (next == 0 || first < next) &&
		    load_relaxed(&s->p[i]->status) == P_IDLE)
			next = first;
	}
	return next;
}

/* The same, as far as nobody waits for it. */
static int64_t first_forsaken(struct sched *s)
{
	/* pairs with: schedule_block() */
	return load_seq_cst(&s->last_poll) == 0 ? 0 : first_of_idle(s);
}

int64_t monitor_nap(struct sched *s, int64_t now, int64_t ns)
{
#ifdef BUG_NAP_BLIND
	/* dropped: the look at the timers of idle processors. One that was
	 * handed on after the last worker had left the poller is nobody's:
	 * lost_wakeup, on any machine. pairs with: monitor_keep() */
	store_seq_cst(&s->monitor_until, (uint64_t)(now + ns));
	int64_t first = 0;
#else
	/* pairs with: monitor_keep() — before last_poll is read */
	store_seq_cst(&s->monitor_until, (uint64_t)(now + ns));
	int64_t first = first_forsaken(s);
#endif
	if (first == 0 || first - now >= ns)
		return ns;
	return first - now > LATE ? first - now : LATE;
}

void monitor_wake(struct sched *s)
{
	/* relaxed: the swap compares it */
	uint64_t until = load_relaxed(&s->monitor_until);
	/* The race lost: it is awake, or somebody wakes it. pairs with: nap()
	 */
	if (until != 0 && cas_acq_rel(&s->monitor_until, &until, 0))
		note_wakeup(&s->monitor_note);
}

void monitor_keep(struct sched *s)
{
	int64_t first = first_of_idle(s);
	/* pairs with: monitor_nap() store — last_poll, written before */
	if (first != 0 && first < (int64_t)load_seq_cst(&s->monitor_until))
		monitor_wake(s);
}

/* Sleeps ns at most. */
static void nap(struct sched *s, int64_t ns)
{
	ns = monitor_nap(s, world_now(), ns);
	/* pairs with: worker_ended(), after which it is woken */
	if (!load_acquire(&s->ending))
		note_sleep_for(&s->monitor_note, ns);
	/* pairs with: monitor_wake() */
	if (exchange_acq_rel(&s->monitor_until, 0) == 0)
		note_sleep(&s->monitor_note); /* being woken */
	note_clear(&s->monitor_note);
}

/* Everybody is idle, or stands still: sleeps until a system call begins.
 * Returns whether one has. */
static bool sleep_long(struct sched *s)
{
	mutex_lock(&s->lock);
	/* relaxed: written under the lock only. pairs with: worker_ended() */
	bool quiet = load_acquire(&s->stopping) || load_relaxed(&s->idle_ps) == s->procs;
	mutex_unlock(&s->lock);
	if (!quiet)
		return false;
	/* pairs with: syscall_enter() */
	store_release(&s->monitor_sleeps, 1);
	nap(s, ASLEEP);
	/* pairs with: syscall_enter() */
	return exchange_acq_rel(&s->monitor_sleeps, 0) == 0;
}

/* --- looking around --- */

/* Whether p's system call is worth ending early: there is work for it, or
 * nobody else would do what comes. */
static bool is_wanted(struct sched *s, struct P *p, int64_t since, int64_t now)
{
	/* relaxed: matters of thrift */
	bool others = load_relaxed(&s->spinning) + load_relaxed(&s->idle_ps) > 0;
	return !runq_empty(p) || !others || now - since > LONGEST;
}

/* Returns whether it did anything. */
static bool look_at(struct sched *s, struct P *p, struct proc_watch *w, int64_t now)
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
	syscall_hand_on(s, p);
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

/* For timers that nobody waits for; and those of a processor whose goroutine
 * runs for long, as Go's monitor did up to 1.15. */
static void wake_if_due(struct sched *s, int64_t now)
{
	int64_t forsaken = first_forsaken(s), next = timers_next(s);
	if ((forsaken != 0 && forsaken <= now) || (next != 0 && next + STALE < now))
		idle_wake(s);
}

bool monitor_look(struct sched *s, struct proc_watch *watch, int64_t now)
{
	bool did = false;
	poll_if_stale(s, now);
	wake_if_due(s, now);
	for (unsigned i = 0; i < s->procs; i++)
		did |= look_at(s, s->p[i], &watch[i], now);
	return did;
}

void monitor_main(void *arg)
{
	static struct proc_watch watch[MOST_PROCS];
	struct sched *s = arg;
	int64_t ns = SHORTEST;
	unsigned quiet = 0;
	memset(watch, 0, s->procs * sizeof *watch);
	/* relaxed: nap() looks again before it sleeps */
	while (!load_relaxed(&s->ending)) {
		if (quiet == 0)
			ns = SHORTEST;
		else if (quiet > QUIET_ROUNDS)
			ns = 2 * ns < LONGEST ? 2 * ns : LONGEST;
		nap(s, ns);
		if (sleep_long(s)) {
			quiet = 0;
			ns = SHORTEST;
		}
		quiet = monitor_look(s, watch, world_now()) ? 0 : quiet + 1;
	}
}
