/* The world stops and starts in many states of a scheduler, against what is
 * expected. */
#include "checks/sched/expect.h"

enum { TIMES = 200 };

static bool stops(void)
{
	struct facts *f = EXPECTED;
	if (f->has[ME] == NOBODY || f->stopping || f->status[OTHER] == P_RUNNING)
		return false;
	f->stopping = 1;
	f->preempt[ME] = 0;
	f->preempt[OTHER] = 1;
	while (expect_no_longer_idle() != NOBODY)
		;
	f->status[ME] = f->status[OTHER] = P_STOPPED;
	stw_stop(&on->st.s, state_p(&on->st, ME));
	return true;
}

static bool starts(void)
{
	struct facts *f = EXPECTED;
	if (f->has[ME] == NOBODY || !f->stopping || f->status[OTHER] != P_STOPPED || f->ending)
		return false;
	f->preempt[ME] = f->preempt[OTHER] = 0;
	f->stopping = 0;
	if (expect_any(OTHER))
		expect_start(OTHER, false);
	else
		expect_idle(OTHER);
	if (expect_any(OTHER)) /* nobody's yet */
		f->status[OTHER] = P_STOPPED;
	if (QUEUES->global.n > 0 || f->waiters != 0 || expect_next_timer() != 0)
		expect_wake();
	set(&state_p(&on->st, ME)->status, P_STOPPED);
	stw_start(&on->st.s, state_p(&on->st, ME));
	return true;
}

static void worker(void *state, struct slot *slot)
{
	static scene_act *const acts[] = { stops, starts };
	SCENE_PLAY(state, TIMES, acts);
	came_through(slot);
}

CASE(stops,
     .purpose = "the world stops and starts, in many states of a scheduler",
     SCENE_CASE);
