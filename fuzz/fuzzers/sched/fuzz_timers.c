/* One thread and the timers of two processors, against a table of what is
 * armed: each fires when it is due, in order, once, with its own cookie; and
 * whoever is woken for a new one sees it. A firing may start and stop others.
 */
/* links: targets/sched/timers.c targets/base/lock.c stress/world.c */
/* variants: BUG_TIMER_UNSEEN BUG_FIRE_LOCKED */
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "sched/idle.h"
#include "sched/timers.h"
#include "sched/worker.h"

/* More than a heap has room for at first. */
enum { TIMERS = 640, ALONE = 32, PROCS = 2, LATEST = 64 };

static struct {
	struct sched s;
	struct P *list[PROCS], p[PROCS];
	struct M m;
	struct timer timer[TIMERS];
} subject;
static struct { bool armed; unsigned home; int64_t when; uintptr_t seq; } model[TIMERS];
static unsigned running = PROCS; /* whose timers are being fired; PROCS: nobody's */
static unsigned fired, used; /* used: none from here on was ever started */
static int64_t now, last;    /* last: nothing that is armed here is due before */
static uintptr_t cookie;
static bool woken;
static const uint8_t *at, *end;

static unsigned next(void)
{
	return at < end ? *at++ : 0;
}

/* When the first timer of a processor is due, but for one; 0: it has none. */
static int64_t first_of(unsigned home, unsigned but)
{
	int64_t first = 0;
	for (unsigned i = 0; i < used; i++)
		if (model[i].armed && model[i].home == home && i != but &&
		    (first == 0 || model[i].when < first))
			first = model[i].when;
	return first;
}

/* --- what timers are told to be on, under the scheduler's names --- */

struct M *its_worker(void) __asm__("m_self");
struct sched *its_sched(void) __asm__("sched_current");
void its_wake(struct sched *s, int64_t when) __asm__("idle_wake_for");

struct M *its_worker(void)
{
	return subject.m.p ? &subject.m : NULL;
}

struct sched *its_sched(void)
{
	return &subject.s;
}

void its_wake(struct sched *s, int64_t when)
{
	(void)s;
	woken = true;
	leave_check(timers_next(&subject.s) != 0 && timers_next(&subject.s) <= when,
		    "somebody is woken for a timer that he cannot see");
}

/* --- operations --- */

static void step(void);

static void fire(void *arg, uintptr_t seq)
{
	unsigned i = (unsigned)((struct timer *)arg - subject.timer);
	leave_check(running < PROCS && model[i].armed && model[i].home == running,
		    "a timer fires that is not armed here");
	leave_check(model[i].when <= now, "a timer fires too early");
	leave_check(model[i].when >= last, "a timer fires out of turn");
	last = model[i].when;
	leave_check(model[i].seq == seq, "a timer fires with another's cookie");
	/* relaxed: one thread */
	bool locked = load_relaxed(&subject.p[running].timers.lock.state) != MUTEX_FREE;
	leave_check(!locked, "a timer fires under the lock");
	model[i].armed = false;
	fired++;
	if (!locked && at < end && next() % 2)
		step();
}

/* Returns whose timer it is, once and for all. */
static unsigned begin(unsigned i, int64_t when)
{
	struct timer *t = &subject.timer[i];
	unsigned home = subject.m.p ? subject.m.p->id : 0;
	if (t->home)
		home = ((struct P *)t->home)->id;
	model[i].armed = true;
	model[i].home = home;
	model[i].when = when;
	model[i].seq = ++cookie;
	used = i < used ? used : i + 1;
	if (home == running && when < last)
		last = when;
	timers_start(t, when, fire, t, cookie);
	return home;
}

static void start(unsigned i, int64_t when)
{
	woken = false;
	int64_t others = first_of(begin(i, when), i);
	leave_check(woken || (others != 0 && others <= when), "nobody is woken for a first timer");
	leave_check(!woken || others == 0 || others >= when, "somebody is woken for a late timer");
}

static void stop(unsigned i)
{
	model[i].armed = false;
	timers_stop(&subject.timer[i]);
}

/* Whoever fires timers does so to the end: no firing fires others. */
static void run(unsigned who, int64_t later)
{
	if (running < PROCS)
		return;
	now += later;
	running = who;
	fired = 0;
	last = 0;
	unsigned n = timers_run(&subject.p[who], now);
	running = PROCS;
	leave_check(n == fired, "another number of timers has fired");
	int64_t first = first_of(who, TIMERS);
	leave_check(first == 0 || first > now, "a timer that is due does not fire");
}

static void step(void)
{
	unsigned what = next(), i = next() % ALONE;
	int64_t when;
	switch (what % 8) {
	case 0:
	case 1:
	case 2: /* some were due already */
		when = now + 1 + next() % LATEST - LATEST / 4;
		start(i, when > 0 ? when : 1);
		break;
	case 3:
		stop(i);
		break;
	case 4:
		run(what / 8 % PROCS, i);
		break;
	case 5: /* many */
		for (unsigned n = 0; n < TIMERS - ALONE; n++)
			begin(ALONE + n, now + 1 + n * (i | 1) % LATEST);
		break;
	case 6:
		for (unsigned n = i; n < used; n += 1 + i)
			stop(n);
		break;
	default:
		subject.m.p = i % 4 < PROCS ? &subject.p[i % 4] : NULL;
	}
}

static void compare(void)
{
	int64_t least = 0;
	for (unsigned i = 0; i < PROCS; i++) {
		int64_t first = first_of(i, TIMERS);
		leave_check(timers_first(&subject.p[i]) == first, "another timer is first");
		if (first != 0 && (least == 0 || first < least))
			least = first;
	}
	leave_check(timers_next(&subject.s) == least, "another timer is the next of all");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&subject, 0, sizeof subject);
	memset(model, 0, sizeof model);
	now = cookie = used = 0;
	at = data;
	end = data + size;
	subject.s.procs = PROCS;
	subject.s.p = subject.list;
	for (unsigned i = 0; i < PROCS; i++) {
		subject.list[i] = &subject.p[i];
		subject.p[i].id = i;
		subject.p[i].s = &subject.s;
	}
	while (at < end) {
		step();
		compare();
	}
	for (unsigned i = 0; i < TIMERS; i++)
		leave_check(model[i].armed == (subject.timer[i].heap_index != 0),
			    "a timer is in the heap that is not armed, or is not");
	for (unsigned i = 0; i < PROCS; i++)
		timers_end(&subject.p[i]);
	return 0;
}
