/* Who leaves, comes, spins, is woken and stops, in many states of a scheduler,
 * against what is expected. */
#include "checks/sched/expect.h"

enum { TIMES = 200 };

static struct M *me(void)
{
	return &on->st.m[ME];
}

/* --- idle.c --- */

static bool leaves(void)
{
	if (EXPECTED->has[ME] == NOBODY)
		return false;
	bool left = expect_leave();
	must(idle_leave(me()) == left, "who leaves has not looked, or in vain");
	return true;
}

static bool finds(void)
{
	if (!EXPECTED->spins[ME])
		return false;
	expect_no_spin();
	expect_wake();
	idle_found(me());
	return true;
}

static bool wakes(void)
{
	expect_wake();
	idle_wake(&on->st.s);
	return true;
}

static bool wakes_for(void)
{
	int64_t when = some_time();
	expect_wake_for(when);
	idle_wake_for(&on->st.s, when);
	return true;
}

static bool stops_for_world(void)
{
	if (EXPECTED->has[ME] == NOBODY || !EXPECTED->stopping)
		return false;
	expect_stop();
	idle_stop_for_world(me());
	return true;
}

/* Is given a processor, before it sleeps or just after; or sees that all ends.
 * What it helps in ends all. */
static void end_all(void *arg)
{
	must(!me()->help, "a helper is given help that it already gives");
	set(&((struct sched *)arg)->ending, 1);
}

static bool stops(void)
{
	struct facts *f = EXPECTED;
	struct M *m = me();
	if (f->has[ME] != NOBODY || on->st.s.worker_count == WORKERS)
		return false;
	if (!f->ending) {
		expect_sleep(ME);
		note_wakeup(&m->wake);
		if (f->status[ME] == P_IDLE || pick(2)) {
			m->help = end_all;
			m->help_arg = &on->st.s;
			f->ending = 1;
		} else {
			m->next_p = state_p(&on->st, ME);
			m->wake_spins = pick(2);
			f->spins[ME] = f->wake_spins[ME] = m->wake_spins;
			expect_acquire(ME, ME);
		}
	}
	idle_stop(m);
	must(!m->help, "a helper helps again");
	return true;
}

static bool ends(void)
{
	struct facts *f = EXPECTED;
	if (f->ending)
		return false;
	for (int64_t i = 0; i < f->idle_ms; i++)
		f->woken[f->idle_m[i]] = 1;
	for (int64_t i = 0; i < f->idle_ms; i++)
		f->idle_m[i] = NOBODY;
	f->idle_ms = 0;
	f->ending = f->ended = 1;
	f->wakes++;
	worker_ended(&on->st.s);
	must(!on->st.s.idle_m, "a worker that was sent home sleeps");
	return true;
}

/* --- syscall.c --- */

static void expect_call(void)
{
	struct facts *f = EXPECTED;
	expect_release(ME);
	f->old[ME] = ME;
	f->calls[ME]++;
	f->status[ME] = P_SYSCALL;
	if (f->stopping && f->stop_wait > 0) {
		f->status[ME] = P_STOPPED;
		expect_one_stopped();
	}
}

static bool gives(void)
{
	if (EXPECTED->has[ME] == NOBODY)
		return false;
	expect_call();
	must(syscall_give(me()) == state_p(&on->st, ME), "another processor was given");
	return true;
}

static bool enters(void)
{
	struct facts *f = EXPECTED;
	if (f->has[ME] == NOBODY || f->runs[ME] == NOBODY)
		return false;
	f->g_status[f->runs[ME]] = G_SYSCALL;
	expect_call();
	if (f->monitor_sleeps)
		expect_told();
	f->monitor_sleeps = 0;
	syscall_enter();
	return true;
}

/* Back to its own processor, or to one that is idle. */
static bool returns(void)
{
	struct facts *f = EXPECTED;
	struct M *m = me();
	if (f->has[ME] != NOBODY || f->idle_ps + (f->status[ME] == P_SYSCALL) == 0)
		return false;
	m->cur = &on->st.g[0];
	set(&m->cur->g.status, G_SYSCALL);
	m->old_p = state_p(&on->st, ME);
	f->old[ME] = ME;
	f->runs[ME] = 0;
	f->g_status[0] = G_RUNNING;
	expect_acquire(ME, f->status[ME] == P_SYSCALL ? ME : expect_no_longer_idle());
	syscall_exit();
	return true;
}

static bool hands_on(void)
{
	if (EXPECTED->status[OTHER] != P_SYSCALL)
		return false;
	set(&state_p(&on->st, OTHER)->status, P_IDLE);
	expect_hand_on(OTHER);
	syscall_hand_on(&on->st.s, state_p(&on->st, OTHER));
	return true;
}

static void worker(void *state, struct slot *slot)
{
	static scene_act *const acts[] = { leaves, finds, wakes, wakes_for, stops_for_world, stops,
					   ends, gives, enters, returns, hands_on };
	SCENE_PLAY(state, TIMES, acts);
	came_through(slot);
}

CASE(idlers,
     .purpose = "who leaves, spins, is woken and stops, in many states of a scheduler",
     SCENE_CASE);
