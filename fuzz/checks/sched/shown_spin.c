/* Who spins for a goroutine's stack for long shows it, as long as it spins. */
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
	must(load_relaxed(&m->spin_from) == G_RUNNING, "another status is waited for");
	status_unscan(&st->g[0].g, G_RUNNING);
	came_through(me);
}

static void spinner(void *state, struct slot *me)
{
	struct state *st = state;
	const struct M *m = state_as(st, 1);
	status_set(&st->g[0].g, G_RUNNING, G_SYSCALL);
	/* relaxed: its own */
	must(load_relaxed(&m->spin_on) == 0, "who spins no longer shows it");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	word_init(&st->g[0].g.status, G_RUNNING | G_SCAN);
}

CASE(shown_spin,
     .purpose = "a worker that spins for a goroutine's stack shows it",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "holder", holder }, { "spinner", spinner } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
