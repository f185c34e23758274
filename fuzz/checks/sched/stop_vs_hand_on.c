/* The world is stopped while the monitor hands on the processor of a long
 * system call. */
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

static void monitor(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_p(st, 1);
	uint32_t seen = P_SYSCALL;
	/* pairs with: stw_stop(), as the monitor's */
	me->got[0] = cas_seq_cst(&p->status, &seen, P_IDLE);
	if (me->got[0])
		syscall_hand_on(&st->s, p);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
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
