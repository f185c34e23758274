/* How long the monitor sleeps, one time after the other: longer and longer
 * while it has nothing to do, shortly again when it has done something, for
 * long where everybody is idle, and no longer when a system call begins there
 * or all ends.
 */
#include "checks/sched/two.h"

enum { ROUNDS = 51, SEEN = 62 };
#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define SHORTEST (20 * US)
#define LONGEST (10 * MS)
#define ASLEEP (1000 * MS)

/* Until when the monitor sleeps the n'th time, from 0, if it begins at `start`
 * and has nothing to do. */
static int64_t nth_end(int64_t start, unsigned n)
{
	int64_t end = start, ns = SHORTEST;
	for (unsigned i = 0; i <= n; i++) {
		if (i >= ROUNDS)
			ns = 2 * ns < LONGEST ? 2 * ns : LONGEST;
		end += ns;
	}
	return end;
}

/* The next end of a sleep that is not `seen`. */
static int64_t next_end(struct sched *s, int64_t seen)
{
	for (;;) {
		/* pairs with: nap() — a glance */
		int64_t end = (int64_t)load_acquire(&s->monitor_until);
		if (end != 0 && end != seen)
			return end;
		world_relax();
	}
}

/* Nothing happens. Returns when one of the longest sleeps ends. */
static int64_t watch_quiet(struct sched *s)
{
	int64_t start = world_now(), end = 0;
	for (unsigned n = 0; n < SEEN;) {
		end = next_end(s, end);
		while (nth_end(start, n) < end)
			n++;
		must(nth_end(start, n) == end, "the monitor sleeps for another time");
	}
	return end;
}

/* A system call's processor is wanted, and taken. */
static void watch_call(struct state *st, int64_t end)
{
	struct sched *s = &st->s;
	int64_t seen = end;
	state_idle_worker(st, 2);
	runq_put(state_p(st, 1), &st->g[1]);
	syscall_give(&st->m[1]);
	/* pairs with: note_wakeup() */
	while (!load_acquire(&st->m[2].wake.key))
		world_relax();
	must(st->m[2].next_p == state_p(st, 1), "a worker is woken without the processor");
	while ((seen - end) % LONGEST == 0)
		seen = next_end(s, seen);
	must((seen - end) % SHORTEST == 0, "the monitor sleeps for another time");
}

/* Wakes the monitor from its long sleep, as a system call's begin does. Returns
 * when. */
static int64_t call_begins(struct sched *s)
{
	for (;;) {
		/* pairs with: nap() */
		int64_t end = (int64_t)load_acquire(&s->monitor_until), now = world_now();
		/* The race lost: it wakes by itself. pairs with:
		 * sleep_long() */
		if (end > now + ASLEEP / 2 && exchange_acq_rel(&s->monitor_sleeps, 0)) {
			monitor_wake(s);
			return now;
		}
		world_relax();
	}
}

/* After a long quiet time all are idle; then a system call begins. From then on
 * it sleeps shortly, and for long after each time. */
static void watch_idle(struct state *st)
{
	struct sched *s = &st->s;
	int64_t now = world_now(), long_since = nth_end(now, SEEN);
	for (int64_t end = 0; now < long_since; now = world_now())
		end = next_end(s, end);
	mutex_lock(&s->lock);
	idle_put(s, idle_release(&st->m[0]));
	idle_acquire(&st->m[2], st->m[2].next_p);
	idle_put(s, idle_release(&st->m[2]));
	mutex_unlock(&s->lock);
	now = call_begins(s);
	int64_t end = next_end(s, 0), shortly = (end - now) % ASLEEP;
	/* It may be seen asleep where it has just been woken. */
	while (shortly == 0)
		shortly = ((end = next_end(s, end)) - now) % ASLEEP;
	unsigned n = 0;
	while (nth_end(0, n) < shortly)
		n++;
	must(n < ROUNDS && nth_end(0, n) == shortly, "the monitor sleeps on");
}

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	watch_call(st, watch_quiet(&st->s));
	watch_idle(st);
	/* pairs with: monitor_main() */
	store_release(&st->s.ending, 1);
	monitor_wake(&st->s);
	came_through(me);
}

static void monitor(void *state, struct slot *me)
{
	monitor_main(&((struct state *)state)->s);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = two_begin(state);
	(void)slots;
	word_init(&st->s.last_poll, 0); /* somebody polls */
	word_init(&st->g[0].g.status, G_RUNNING);
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].got[0] && slots[1].got[0] ? CAME_THROUGH : STUCK;
}

CASE(rounds,
     .purpose = "how long the monitor sleeps, one time after the other",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user }, { "monitor", monitor } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
