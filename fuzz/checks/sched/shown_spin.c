/* Who spins for a goroutine's stack for long shows it, as long as it spins; and
 * who is no worker, or is to move the stack, waits all the same. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

/* Holds the stack until it is seen that somebody waits for it. */
static void holder(void *state, struct slot *me)
{
	struct state *st = state;
	const struct M *m = &st->m[1];
	world_set_local(NULL);
	/* pairs with: show() — spin_from */
	while (load_acquire(&m->spin_on) != (uintptr_t)&st->g[0])
		world_relax();
	/* relaxed: published with it */
	must(load_relaxed(&m->spin_from) == G_SYSCALL, "another status is waited for");
	status_unscan(&st->g[0].g, G_SYSCALL);
	status_set(&st->g[1].g, G_RUNNING, G_SYSCALL);
	came_through(me);
}

static void spinner(void *state, struct slot *me)
{
	struct state *st = state;
	const struct M *m = state_as(st, 1);
	status_unscan(&st->g[2].g, G_WAITING);
	status_set(&st->g[0].g, G_SYSCALL, G_RUNNING);
	/* relaxed: its own */
	must(load_relaxed(&m->spin_on) == 0, "who spins no longer shows it");
	status_unscan(&st->g[1].g, G_RUNNING);
	came_through(me);
}

static void mover(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	must(status_copystack(&st->g[2].g, G_WAITING) == G_WAITING, "another status was found");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	word_init(&st->g[0].g.status, G_SYSCALL | G_SCAN);
	word_init(&st->g[1].g.status, G_RUNNING | G_SCAN);
	word_init(&st->g[2].g.status, G_WAITING | G_SCAN);
}

CASE(shown_spin,
     .purpose = "a worker that spins for a goroutine's stack shows it",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "holder", holder }, { "spinner", spinner }, { "mover", mover } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
