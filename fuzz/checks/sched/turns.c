/* What becomes of a goroutine that yields, parks, ends, comes back from a
 * system call or is readied, and what a timer that starts or stops changes, in
 * many states of a scheduler, against what is expected. */
#include "checks/sched/expect.h"

enum { TIMES = 160, KEPT = 64 };

static struct M *me(void)
{
	return &on->st.m[ME];
}

/* Goroutine 0 has just left the caller, in some status. */
static struct G *left(enum after after, uint32_t status)
{
	struct M *m = me();
	struct G *g = &on->st.g[0];
	m->after = after;
	m->cur = g;
	set(&g->g.status, status);
	EXPECTED->g_status[0] = status;
	EXPECTED->runs[ME] = NOBODY;
	return g;
}

static bool runs_me(void)
{
	return EXPECTED->has[ME] != NOBODY && EXPECTED->runs[ME] == 0;
}

static bool yields(void)
{
	if (!runs_me())
		return false;
	struct G *g = left(AFTER_YIELD, G_RUNNING);
	expect_status(g, G_RUNNABLE);
	expect_received(ME);
	expect_put(QUEUES, ME, g);
	must(!schedule_after(me()), "who yields goes on at once");
	return true;
}

static bool accept(struct g *g, void *arg)
{
	must(g == &on->st.g[0].g && status_of(g) == G_WAITING, "another one commits, or too early");
	return *(bool *)arg;
}

static bool parks(void)
{
	bool accepts = pick(2);
	if (!runs_me())
		return false;
	struct G *g = left(AFTER_PARK, G_RUNNING);
	me()->commit = accept;
	me()->commit_arg = &accepts;
	expect_status(g, accepts ? G_WAITING : G_RUNNABLE);
	EXPECTED->parks[0] = g->g.parks + accepts;
	EXPECTED->aborts[0] = g->g.aborts + !accepts;
	must(schedule_after(me()) == (accepts ? NULL : g), "who parks goes on, or the reverse");
	return true;
}

static bool ends(void)
{
	struct facts *f = EXPECTED;
	if (!runs_me() || f->alive == 1)
		return false;
	struct G *g = left(AFTER_EXIT, G_RUNNING), *of_all = on->st.s.free;
	struct P *p = state_p(&on->st, ME);
	struct G *own = p->free;
	bool kept = f->frees[ME] < KEPT;
	expect_status(g, G_DEAD);
	f->frees[ME] += kept;
	f->alive--;
	must(!schedule_after(me()), "who has ended goes on");
	must(p->free == (kept ? g : own) && on->st.s.free == (kept ? of_all : g) &&
		     g->link == (kept ? own : of_all), "the dead are not where they are expected");
	p->free = on->st.s.free = NULL;
	return true;
}

static bool returns(void)
{
	if (EXPECTED->has[ME] != NOBODY || EXPECTED->g_status[0] != G_WAITING)
		return false;
	for (unsigned i = 0; i < on->n; i++)
		if (on->list[i] == &on->st.g[0].g)
			return false;
	struct G *g = left(AFTER_SYSCALL, G_SYSCALL);
	int64_t p = expect_no_longer_idle();
	expect_status(g, G_RUNNABLE);
	if (p != NOBODY) {
		expect_acquire(ME, p);
		expect_put_next(p, g);
	} else {
		append(&QUEUES->global, g);
	}
	must(!schedule_after(me()), "who has no processor goes on");
	return true;
}

static bool readies(void)
{
	if (on->n == 0)
		return false;
	expect_ready((struct G *)on->list[0]);
	sched_runtime.ready(on->list[0]);
	return true;
}

/* --- timers --- */

/* The figures of a processor that has one timer, or none. */
static void expect_timer(int64_t p, int64_t when)
{
	EXPECTED->timers[p] = when != 0;
	EXPECTED->first[p] = when;
}

/* A timer of another processor is moved, or one of the caller's started. */
static bool starts_timer(void)
{
	unsigned i = pick(TIMERS);
	struct timer *t = &on->timer[i];
	int64_t when = some_time();
	if (t->heap_index == 0 && (EXPECTED->has[ME] == NOBODY || i != ME))
		return false;
	expect_timer(i, when);
	expect_wake_for(when);
	timers_start(t, when, scene_fire, t, i);
	must(t->when == when && t->home == state_p(&on->st, i) && t->seq == i && t->arg == t &&
		     t->heap_index == 1, "a timer is armed otherwise");
	return true;
}

/* Another one is there already, and stays the first where it is due earlier. */
static bool starts_second(void)
{
	struct timer *t = &on->timer[OTHER];
	int64_t when = some_time(), first = EXPECTED->first[ME];
	if (EXPECTED->has[ME] == NOBODY || t->heap_index != 0 || !EXPECTED->timers[ME] ||
	    when == first)
		return false;
	EXPECTED->timers[ME] = 2;
	EXPECTED->first[ME] = when < first ? when : first;
	if (when < first)
		expect_wake_for(when);
	t->home = NULL;
	timers_start(t, when, scene_fire, t, OTHER);
	must(t->home == state_p(&on->st, ME), "a timer is elsewhere");
	return true;
}

static bool stops_timer(void)
{
	unsigned i = pick(TIMERS);
	struct timer *t = &on->timer[i];
	if (t->heap_index != 0)
		expect_timer(i, 0);
	timers_stop(t);
	must(t->heap_index == 0, "a timer is not stopped");
	return true;
}

static bool runs_timers(void)
{
	unsigned i = pick(TIMERS);
	int64_t now = some_time();
	unsigned due = EXPECTED->timers[i] && EXPECTED->first[i] <= now;
	must(timers_next(&on->st.s) == expect_next_timer(), "another timer is the next");
	expect_timers_run(i, now);
	must(timers_run(state_p(&on->st, i), now) == due, "timers are counted wrong");
	return true;
}

static void worker(void *state, struct slot *slot)
{
	static scene_act *const acts[] = { yields, starts_timer, parks, stops_timer, returns,
					   runs_timers, readies, starts_second, ends };
	SCENE_PLAY(state, TIMES, acts);
	came_through(slot);
}

CASE(turns,
     .purpose = "goroutines that leave, and timers, in many states of a scheduler",
     SCENE_CASE);
