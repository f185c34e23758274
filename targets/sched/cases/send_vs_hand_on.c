/* A goroutine is sent to a processor that was seen to run, while that one's
 * system call is taken to last and the processor is made idle: one of the two
 * must see the other, or the work waits beside an idle processor. */
#include "sched/cases/sched_case.h"

/* As whoever polled, and looked at the processor before its system call. */
static void sender(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 0);
	(void)me;
	runq_send(state_p(st, 1), &st->g[0], &st->g[0]);
	runq_publish();
	idle_wake(m->s);
}

static void monitor(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_p(st, 1);
	uint32_t seen = P_SYSCALL;
	/* pairs with: syscall_give() — p's fields. As the monitor does */
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
	state_idle_worker(st, 2);
	st->m[0].cur = &st->g[1];
	st->m[1].old_p = state_p(st, 1);
	word_init(&state_p(st, 1)->status, P_SYSCALL);
	word_init(&st->g[0].g.status, G_RUNNABLE);
}

enum { HANDED, WOKEN, LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (!slots[1].got[0] || state_queued(st, 1, &st->g[0]) != 1)
		return -1;
	if (!state_woken(st, 2))
		return LOST;
	/* Only whoever was woken for an idle processor spins. */
	return st->m[2].wake_spins ? WOKEN : HANDED;
}

CASE(send_vs_hand_on,
     .purpose = "work is sent to a processor while its system call's is handed on",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "sender", sender }, { "monitor", monitor } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "handed", OK, NO_FAILURE, "the processor was handed on with the work" },
	      { "woken", NEAR, NO_FAILURE, "it was idle, and a worker was woken for it" },
	      { "lost", BAD, LOST_WORK,
		"a runnable goroutine, an idle processor, and nobody who spins or is woken" }),
     EXPECT({ "BUG_HAND_ON_BLIND", LOST_WORK, EVERY_MODEL },
	    { "BUG_WAKE_UNFENCED", LOST_WORK, C11 }));
