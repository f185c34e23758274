/* The world is stopped while a goroutine comes back from a system call. */
#include "sched/cases/sched_case.h"

/* got[0]: what the goroutine had done when the world stood still. */
static void stopper(void *state, struct slot *me)
{
	struct state *st = state;
	stw_stop(&st->s, state_as(st, 0)->p);
	/* relaxed: in a stopped world nobody writes it */
	me->got[0] = (long)load_relaxed(&st->mark);
	for (int i = 0; i < 4; i++)
		world_relax();
	me->got[1] = (long)load_relaxed(&st->mark); /* relaxed: likewise */
}

/* Runs on until it sees that the world is to stop. */
static void returner(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 1);
	me->got[0] = syscall_take_back(m);
	if (!me->got[0])
		return;
	/* relaxed: ordered by the world's stop, or the bug shows */
	store_relaxed(&st->mark, 1);
	/* pairs with: stw_stop() */
	while (!load_acquire(&st->s.stopping))
		world_relax();
	/* relaxed: as above */
	store_relaxed(&st->mark, 2);
	idle_stop_for_world(m);
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

enum { TAKEN, RETURNED, RAN_ON };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: nothing moves any more */
	long did = (long)load_relaxed(&st->mark), seen = slots[0].got[0];
	if (did != (slots[1].got[0] ? 2 : 0) || slots[0].stranded || slots[1].stranded)
		return -1;
	if (seen != did || slots[0].got[1] != did)
		return RAN_ON;
	return slots[1].got[0] ? RETURNED : TAKEN;
}

CASE(stop_vs_return,
     .purpose = "a goroutine comes back from a system call while the world stops",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "stopper", stopper }, { "returner", returner } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "taken", OK, NO_FAILURE, "the stopper took its processor first" },
	      { "returned", NEAR, NO_FAILURE, "it took it back, and stopped with it" },
	      { "ran_on", BAD, STACK_CORRUPTION,
		"it ran while the world stood still, when its stack may be moved" }),
     EXPECT({ "BUG_SYSCALL_STORE", STACK_CORRUPTION, EVERY_MODEL },
	    { "BUG_SYSCALL_STORE", FATAL, EVERY_MODEL },
	    { "BUG_SYSCALL_STORE", DATA_RACE, EVERY_MODEL },
	    { "BUG_STOPWAIT_BARE", STACK_CORRUPTION, EVERY_MODEL & ~(SC | TSO) },
	    { "BUG_STOPWAIT_BARE", FATAL, EVERY_MODEL & ~(SC | TSO) },
	    { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_STOP_EARLY", FATAL, EVERY_MODEL }));
