/* The monitor takes a processor that has a timer away from a system call while
 * the worker that waited for all timers leaves the poller: one of the two must
 * see to it. */
#include "sched/cases/monitor_case.h"

static void monitor(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_p(st, 0);
	uint32_t seen = P_SYSCALL;
	/* pairs with: syscall_give() — p's fields. As the monitor does */
	if (cas_seq_cst(&p->status, &seen, P_IDLE))
		syscall_hand_on(&st->s, p);
	go_to_sleep(st, me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_leaving(st);
	word_init(&state_p(st, 0)->status, P_SYSCALL);
	state_idle_proc(st, 1);
}

CASE(hand_on_vs_leave,
     .purpose = "a processor with a timer is handed on while the last worker leaves the poller",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "leaver", leave_poller }, { "monitor", monitor } },
     .prepare = prepare, .judge = judge_timer, TIMER_OUTCOMES,
     EXPECT({ "BUG_NAP_BLIND", LOST_WAKEUP, EVERY_MODEL }));
