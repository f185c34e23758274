/* Who has no processor starts a timer while a program runs, a thread that is no
 * worker and a goroutine in a system call: both fire there. */
#include "checks/sched/run.h"
#include "sched/syscall.h"
#include "sched/timers.h"

struct met {
	struct state state;
	word32 begun, fired, gone;
	struct timer timer, in_call;
};

static void fire(void *arg, uintptr_t seq)
{
	must(m_self() && seq == 1, "a timer fired outside, or with another's cookie");
	count_one(arg);
}

static void first(void *arg)
{
	struct met *s = arg;
	must(g_self() == m_self()->cur, "another one runs");
	count_one(&s->begun);
	syscall_enter();
	timers_start(&s->in_call, world_now(), fire, &s->fired, 1);
	syscall_exit();
	await_count(&s->fired, 2);
	await_count(&s->gone, 1);
}

static void run(void *state, struct slot *me)
{
	struct sched_config c = { .procs = 1, .stack_bytes = 1 };
	run_program(state, me, &c, first);
}

static void outsider(void *state, struct slot *me)
{
	struct met *s = state;
	/* pairs with: count_one() */
	while (load_acquire(&s->begun) == 0)
		world_relax();
	must(!m_self() && !g_self(), "a thread of its own is a worker");
	timers_start(&s->timer, world_now(), fire, &s->fired, 1);
	count_one(&s->gone);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	memset(state, 0, sizeof(struct met));
}

CASE(outsider,
     .purpose = "a thread that is no worker, and one in a system call, start a timer",
     .whole = true,
     .state_size = sizeof(struct met), .state_align = _Alignof(struct met),
     .actor = { { "main", run }, { "outsider", outsider } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
