/* What the monitor sees, and does about it, in many states of a scheduler,
 * against what is expected; and for how long it sleeps, one time after the
 * other. */
#include "checks/sched/expect.h"

enum { TIMES = 160 };
#define US INT64_C(1000)
#define LONG (10 * MS) /* a goroutine's turn, a system call, without a poll */
#define LATE (200 * US)

static int64_t expect_forsaken(void)
{
	return EXPECTED->last_poll == 0 ? 0 : expect_next_of_idle();
}

static bool naps(void)
{
	static const int64_t for_ns[] = { 20 * US, 100 * US, LATE, MS, 2 * MS, 10 * MS };
	int64_t now = some_time(), ns = for_ns[pick(6)], first = expect_forsaken(), least = ns;
	if (first != 0 && pick(2))
		now = first - ns - 1 + pick(3);
	if (first != 0 && first - now < ns)
		least = first - now > LATE ? first - now : LATE;
	EXPECTED->monitor_until = now + ns;
	must(monitor_nap(&on->st.s, now, ns) == least, "the monitor sleeps for another time");
	return true;
}

static bool keeps(void)
{
	expect_keep();
	monitor_keep(&on->st.s);
	return true;
}

static bool is_told(void)
{
	expect_told();
	monitor_wake(&on->st.s);
	return true;
}

/* --- a look --- */

/* A time at which something has lasted for so long, to the nanosecond, or has
 * not quite. */
static int64_t long_after(int64_t since)
{
	return since + LONG - 1 + pick(3);
}

static int64_t time_of_look(void)
{
	int64_t forsaken = expect_forsaken(), next = expect_next_timer();
	uint32_t how = pick(6);
	if (how == 0 && EXPECTED->last_poll != 0)
		return long_after(EXPECTED->last_poll);
	if (how == 1 && next != 0)
		return long_after(next);
	if (how == 2 && forsaken != 0)
		return forsaken - pick(2);
	return world_now() + (int64_t)pick(3) * LONG / 2;
}

static int64_t some_time_before(int64_t now)
{
	return pick(2) ? some_time() : 2 * now - long_after(now);
}

static uint32_t now_or_before(uint32_t figure)
{
	return figure + (pick(3) == 0);
}

static void remember(struct proc_watch *w, const struct P *p, int64_t now)
{
	/* relaxed: nobody else is there */
	w->tick = now_or_before(load_relaxed(&p->tick));
	/* relaxed: as above */
	w->calls = now_or_before(load_relaxed(&p->calls));
	w->tick_since = some_time_before(now);
	w->calls_since = some_time_before(now);
}

static bool expect_look_at(int64_t p, struct proc_watch *w, int64_t now)
{
	struct facts *f = EXPECTED;
	if (w->tick != f->tick[p]) {
		w->tick = (uint32_t)f->tick[p];
		w->tick_since = now;
	} else if (f->status[p] == P_RUNNING && now - w->tick_since > LONG) {
		f->preempt[p] = 1;
	}
	if (f->status[p] != P_SYSCALL)
		return false;
	if (w->calls != f->calls[p]) {
		w->calls = (uint32_t)f->calls[p];
		w->calls_since = now;
		return false;
	}
	if (!expect_any(p) && (f->spinning != 0 || f->idle_ps != 0) &&
	    now - w->calls_since <= LONG)
		return false;
	expect_hand_on(p);
	return true;
}

static bool expect_look(struct proc_watch *watch, int64_t now)
{
	struct facts *f = EXPECTED;
	struct g *list[GS];
	bool did = false;
	if (f->last_poll != 0 && f->last_poll + LONG < now) {
		f->last_poll = now;
		unsigned n = expect_poll(0, list);
		expect_inject(NOBODY, list, n);
	}
	int64_t forsaken = expect_forsaken(), next = expect_next_timer();
	if ((forsaken != 0 && forsaken <= now) || (next != 0 && next + LONG < now))
		expect_wake();
	for (unsigned p = 0; p < PROCS; p++)
		did |= expect_look_at(p, &watch[p], now);
	return did;
}

static bool looks(void)
{
	struct proc_watch watch[PROCS], expected[PROCS];
	int64_t now = time_of_look();
	memset(watch, 0, sizeof watch);
	for (unsigned p = 0; p < PROCS; p++)
		remember(&watch[p], state_p(&on->st, p), now);
	memcpy(expected, watch, sizeof watch);
	bool did = expect_look(expected, now);
	if (on->too_few)
		return false;
	must(monitor_look(&on->st.s, watch, now) == did, "the monitor says that it did something");
	must(memcmp(watch, expected, sizeof watch) == 0, "the monitor remembers something else");
	return true;
}

static void worker(void *state, struct slot *slot)
{
	static scene_act *const acts[] = { looks, naps, looks, keeps, looks, is_told, looks };
	SCENE_PLAY(state, TIMES, acts);
	came_through(slot);
}

CASE(watching,
     .purpose = "what the monitor sees and does, in many states of a scheduler",
     SCENE_CASE);
