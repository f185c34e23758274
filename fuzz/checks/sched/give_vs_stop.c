/* A system call begins while the world stops: its processor stands still, and
 * the stopper finds what its worker left there. */
#include "checks/sched/two.h"

static void stopper(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *other = state_p(st, 1);
	stw_stop(&st->s, state_as(st, 0)->p);
	/* relaxed: nobody moves it any more */
	must(load_relaxed(&other->status) == P_STOPPED && !other->m && other->cache == other,
	     "a processor does not stand still, or not as it was left");
	/* relaxed: as above */
	must(load_relaxed(&other->calls) == 1, "a call was not counted");
	came_through(me);
}

static void caller(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 1);
	m->p->cache = m->p;
	must(syscall_give(m) == state_p(st, 1) && !m->p, "another processor was given");
	came_through(me);
}

CASE(give_vs_stop,
     .purpose = "a system call begins while the world stops",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "stopper", stopper }, { "caller", caller } },
     .prepare = two_prepare, .judge = judge_end, CHECK_OUTCOMES);
