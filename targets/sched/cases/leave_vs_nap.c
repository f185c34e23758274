/* A worker leaves the poller with something to run while the monitor goes to
 * sleep: the timers of idle processors, for which that worker waited, must be
 * the monitor's. */
#include "sched/cases/monitor_case.h"

static void monitor(void *state, struct slot *me)
{
	go_to_sleep(state, me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_leaving(st);
	state_idle_proc(st, 0);
	state_idle_proc(st, 1); /* which the leaver gets */
	word_init(&st->s.idle_ps, 2);
}

CASE(leave_vs_nap,
     .purpose = "a worker leaves the poller to run something while the monitor goes to sleep",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "leaver", leave_poller }, { "monitor", monitor } },
     .prepare = prepare, .judge = judge_timer, TIMER_OUTCOMES,
     EXPECT({ "BUG_TIMERS_LEFT", LOST_WAKEUP, EVERY_MODEL },
	    { "BUG_NAP_BLIND", LOST_WAKEUP, EVERY_MODEL }));
