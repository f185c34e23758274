/* Timers against a list of what they should do: added, moved, stopped, and
 * fired in the order of their times, each with what it was armed with. */
#include "checks/sched/run.h"
#include "sched/timers.h"

enum { TIMERS = 48, MANY = 600, STEPS = 400, STEP_NS = 1000 };
#define FAR (INT64_C(1) << 40)

static struct timer timer[TIMERS], many[MANY];
static int64_t due[TIMERS]; /* 0: is not to fire */
static uintptr_t armed[TIMERS];
static int64_t fired_last;
static uint32_t fired;

static void fire(void *arg, uintptr_t seq)
{
	long i = (struct timer *)arg - timer;
	must(i >= 0 && i < TIMERS && due[i] != 0, "a timer fired that was not to");
	must(seq == armed[i], "a timer fired with another arming's cookie");
	must(due[i] <= world_now(), "a timer fired too early");
	must(due[i] >= fired_last, "timers fired in another order");
	fired_last = due[i];
	due[i] = 0;
	fired++;
}

static void never(void *arg, uintptr_t seq)
{
	(void)arg;
	(void)seq;
	world_fatal("a timer fired that was stopped");
}

/* What the heap says is what the list says. */
static void compare(struct P *p)
{
	int64_t least = 0;
	uint32_t n = 0;
	for (int i = 0; i < TIMERS; i++) {
		must((timer[i].heap_index != 0) == (due[i] != 0),
		     "a timer is not where it should be");
		n += due[i] != 0;
		if (due[i] != 0 && (least == 0 || due[i] < least))
			least = due[i];
		must(timer[i].heap_index == 0 ||
			     p->timers.heap[timer[i].heap_index - 1] == &timer[i],
		     "a timer does not know its place");
	}
	must(p->timers.count == n, "the heap has more or fewer timers");
	must(timers_first(p) == least, "another time is the first");
	for (uint32_t i = 1; i < n; i++)
		must(p->timers.heap[(i - 1) / 4]->when <= p->timers.heap[i]->when,
		     "the heap is none");
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Steps over the timers; none is due meanwhile. */
static void shuffle(struct P *p, int64_t base)
{
	uint32_t seed = 1;
	for (uintptr_t step = 1; step <= STEPS; step++) {
		uint32_t i = next_random(&seed) % TIMERS;
		if (next_random(&seed) % 4 == 0) {
			timers_stop(&timer[i]);
			due[i] = 0;
		} else {
			due[i] = base + next_random(&seed) % 50 * STEP_NS;
			armed[i] = step;
			timers_start(&timer[i], due[i], fire, &timer[i], step);
			must(timer[i].home == p && timer[i].when == due[i], "a timer is elsewhere");
		}
		compare(p);
	}
}

/* More than a heap has room for at first; the least is always known. */
static void fill(struct P *p)
{
	for (int i = 0; i < MANY; i++) {
		timers_start(&many[i], FAR + (i * 37 % MANY), never, NULL, 0);
		must(p->timers.count == (uint32_t)i + 1 && p->timers.room > (uint32_t)i,
		     "a timer was not counted");
	}
	must(timers_first(p) == FAR && timers_next(p->s) == FAR, "the first of many is another");
	for (int i = 0; i < MANY; i++)
		timers_stop(&many[i]);
	must(p->timers.count == 0 && timers_first(p) == 0, "timers are left");
	timers_stop(&many[0]);
}

/* Of timers that are due at once none moves for another. */
static void tie(struct P *p)
{
	enum { TIED = 5 };
	for (int i = 0; i < TIED; i++)
		timers_start(&many[i], FAR, never, NULL, 0);
	for (uint32_t i = 0; i < TIED; i++)
		must(many[i].heap_index == i + 1, "one of the same time was overtaken");
	timers_stop(&many[0]);
	must(many[4].heap_index == 1, "the last one does not stay where it was put");
	for (int i = TIED; i < TIED + 2; i++)
		timers_start(&many[i], FAR + 1, never, NULL, 0);
	timers_stop(&many[4]);
	must(many[1].heap_index == 1 && many[6].heap_index == 2, "a later one went up");
	for (int i = 0; i < TIED + 2; i++)
		timers_stop(&many[i]);
	must(p->timers.count == 0, "timers are left");
}

/* One that is due later goes down to its own children, and no other's. */
static void go_down(struct P *p)
{
	static const int64_t when[] = { 0, 10, 1, 50, 50, 20, 21, 22, 23, 2 };
	enum { PLACES = sizeof when / sizeof when[0] };
	for (int i = 0; i < PLACES; i++)
		timers_start(&many[i], FAR + when[i], never, NULL, 0);
	timers_start(&many[1], FAR + 30, never, NULL, 0);
	must(many[5].heap_index == 2 && many[1].heap_index == 6 && many[9].heap_index == 10,
	     "a timer went down elsewhere");
	for (int i = 0; i < PLACES; i++)
		timers_stop(&many[i]);
	must(p->timers.count == 0, "timers are left");
}

static void first(void *arg)
{
	struct P *p = m_self()->p;
	(void)arg;
	fill(p);
	tie(p);
	go_down(p);
	int64_t base = world_now() + FAR / 2;
	shuffle(p, base);
	uint32_t left = 0;
	for (int i = 0; i < TIMERS; i++)
		left += due[i] != 0;
	timers_run(p, base - 1);
	must(fired == 0, "a timer fired before its time");
	left += timer[0].heap_index == 0;
	armed[0] = 1;
	timers_start(&timer[0], due[0] = world_now(), fire, &timer[0], 1);
	must(timers_run(p, due[0] - 1) == 0 && timers_run(p, due[0]) == 1 && fired == 1,
	     "a timer that is due did not fire, or too early");
	go_sleep(base + 20 * STEP_NS - world_now());
	/* Those of the first 20 steps have fired, or are about to. */
	compare(p);
	go_sleep(base + 60 * STEP_NS - world_now());
	must(fired == left && timers_first(p) == 0, "timers did not fire");
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 1, .stack_bytes = 16 << 10 };
	run_program(s, me, &c, first);
	must(s->counts.timers == fired + 2, "timers are counted wrong");
	must(s->counts.started == 1 && s->counts.stops == 0, "figures are wrong");
}

CASE(clockwork,
     .purpose = "timers against a list of what they should do",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
