/* The world is stopped while the monitor takes the processor of a long system
 * call, and hands it on. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

static void stopper(void *state, struct slot *me)
{
	struct state *st = state;
	stw_stop(&st->s, state_as(st, 0)->p);
	/* relaxed: whoever stopped it is through with it */
	must(load_relaxed(&state_p(st, 1)->status) == P_STOPPED,
	     "a processor does not stand still");
	me->got[0] = 1;
}

/* It has seen that call before, and nobody else would do what comes. */
static void monitor(void *state, struct slot *me)
{
	struct state *st = state;
	int64_t now = world_now();
	struct proc_watch watch[PROCS] = { { .tick_since = now } };
	me->got[0] = monitor_look(&st->s, watch, now);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	word_init(&st->s.last_poll, 0); /* somebody polls */
	st->m[1].old_p = state_p(st, 1);
	word_init(&state_p(st, 1)->status, P_SYSCALL);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: nothing moves any more */
	return judge_two(slots, load_relaxed(&st->s.handed_off) == (uint64_t)slots[1].got[0]);
}

CASE(stop_vs_hand_on,
     .purpose = "the world stops while a system call's processor is handed on",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "stopper", stopper }, { "monitor", monitor } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
