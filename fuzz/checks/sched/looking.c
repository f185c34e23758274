/* In which order a worker looks for work, who polls, for how long, and where
 * what is readied goes, in many states of a scheduler, against what is
 * expected.
 */
#include "checks/sched/expect.h"

enum { TIMES = 80, FAIR = 61, TIMED = 4, PASSES = 4, NOTED = 64 };

static struct M *me(void)
{
	return &on->st.m[ME];
}

/* --- the poller --- */

static bool injects(void)
{
	expect_inject(EXPECTED->has[ME], on->list, on->n);
	schedule_inject(&on->st.s, me(), on->list, on->n);
	return true;
}

static bool polls(void)
{
	struct g *list[GS];
	bool as_nobody = pick(3) == 0;
	unsigned n = expect_poll(0, list);
	expect_inject(as_nobody ? NOBODY : EXPECTED->has[ME], list, n);
	must(schedule_poll(&on->st.s, as_nobody ? NULL : me()) == n, "a poll counts wrong");
	return true;
}

static struct G *expect_poll_own(void)
{
	struct facts *f = EXPECTED;
	struct g *list[GS];
	unsigned n = expect_poll(0, list);
	if (f->tick[f->has[ME]] % NOTED == 0 && f->last_poll != 0)
		f->last_poll = world_now();
	if (n == 0)
		return NULL;
	if (n > 1) {
		expect_put_ready(f->has[ME], list, n);
		return expect_got(f->has[ME], false);
	}
	expect_status((struct G *)list[0], G_RUNNABLE);
	return (struct G *)list[0];
}

/* It polls where it has nothing to run. */
static bool polls_own(void)
{
	int64_t p = EXPECTED->has[ME];
	if (p == NOBODY || expect_any(p))
		return false;
	struct G *g = expect_poll_own();
	must(schedule_poll_own(&on->st.s, me()) == g, "a poll gets another");
	return true;
}

static bool expect_block(void)
{
	struct facts *f = EXPECTED;
	struct g *list[GS];
	int64_t until = f->stopping ? 0 : expect_next_timer(), now = world_now();
	int64_t delay = until == 0 ? -1 : until < now ? 0 : until - now;
	bool others = f->last_poll == 0;
	if (f->waiters == 0 && until == 0)
		return false;
	f->last_poll = 0;
	if (others) {
		f->wakes += until != 0 && (f->poll_until == 0 || f->poll_until > until);
		return false;
	}
	if (f->ending) {
		f->last_poll = now;
		return false;
	}
	f->poll_until = until;
	unsigned n = expect_poll(delay, list);
	f->poll_until = 0;
	f->last_poll = now;
	int64_t p = expect_no_longer_idle();
	if (p != NOBODY)
		expect_acquire(ME, p);
	expect_inject(p, list, n);
	if (p != NOBODY && n == 0)
		expect_spin();
	else if (p != NOBODY)
		expect_keep();
	return p != NOBODY || n > 0;
}

static bool blocks(void)
{
	if (EXPECTED->has[ME] != NOBODY)
		return false;
	bool done = expect_block();
	must(schedule_block(me()) == done, "who blocks comes back otherwise");
	return true;
}

/* --- the order --- */

static struct G *expect_own(int64_t p)
{
	int64_t tick = EXPECTED->tick[p];
	bool fair = tick % FAIR == 0;
	struct G *g = NULL;
	if (tick % TIMED == 0)
		expect_timers_run(p, world_now());
	if (fair) {
		expect_received(p);
		g = expect_global(QUEUES, (unsigned)p, 1);
	}
	return g ? g : expect_got(p, fair);
}

/* From the other processor: in the last pass also what is next there, which
 * does not come to run, and what its timers ready. */
static struct G *expect_thief(int64_t p)
{
	struct G *g = NULL;
	for (unsigned pass = 1; !g && pass < PASSES; pass++)
		g = expect_stolen((unsigned)p, false);
	if (g)
		return g;
	expect_timers_run(1 - p, world_now());
	g = expect_stolen((unsigned)p, true);
	return g ? g : expect_got(p, false);
}

static struct G *expect_around(int64_t p)
{
	struct facts *f = EXPECTED;
	expect_timers_run(p, world_now());
	struct G *g = expect_got(p, false);
	if (!g)
		g = expect_global(QUEUES, (unsigned)p, UINT32_MAX);
	if (!g && f->waiters != 0 && f->last_poll != 0)
		g = expect_poll_own();
	if (g)
		return g;
	if (!f->spins[ME]) {
		if (2 * f->spinning >= PROCS - f->idle_ps)
			return NULL;
		expect_spin();
	}
	return expect_thief(p);
}

/* Whoever sleeps is woken, here to help with something that ends all. */
static void end_all(void *arg)
{
	set(&((struct sched *)arg)->ending, 1);
}

static struct G *expect_find(void)
{
	struct facts *f = EXPECTED;
	for (;;) {
		if (f->ending)
			return NULL;
		if (f->has[ME] == NOBODY) {
			if ((!f->stopping || !expect_block()) && !f->ending) {
				expect_sleep(ME);
				f->woken[ME] = 0;
				f->ending = 1;
			}
			continue;
		}
		if (f->stopping) {
			expect_stop();
			continue;
		}
		struct G *g = expect_own(f->has[ME]);
		if (!g)
			g = expect_around(f->has[ME]);
		if (g)
			return g;
		if (expect_leave())
			expect_block();
	}
}

static bool finds(void)
{
	struct M *m = me();
	m->help = end_all;
	m->help_arg = &on->st.s;
	m->cur = NULL;
	on->st.s.worker_count = WORKERS + 1;
	note_wakeup(&m->wake);
	EXPECTED->woken[ME] = 1;
	EXPECTED->runs[ME] = NOBODY;
	struct G *g = expect_find();
	must(schedule_find(m) == g, "another one runs next");
	return true;
}

static void worker(void *state, struct slot *slot)
{
	static scene_act *const acts[] = { finds, injects, blocks, finds, polls, blocks, finds,
					   polls_own, blocks };
	SCENE_PLAY(state, TIMES, acts);
	came_through(slot);
}

CASE(looking,
     .purpose = "in which order a worker looks for work, polls and blocks, in many states",
     SCENE_CASE);
