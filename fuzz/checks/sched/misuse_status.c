/* Moves of a goroutine's status that nobody may make are told. */
#include "checks/misuse.h"
#include "sched/cases/sched_case.h"

static void move(uint32_t is, uint32_t from, uint32_t to)
{
	struct g g;
	word_init(&g.status, is);
	status_set(&g, from, to);
}

static void come_from_nowhere(void)
{
	move(100, 100, G_DEAD);
}

static void go_nowhere(void)
{
	move(G_DEAD, G_DEAD, 100);
}

static void raise_the_dead(void)
{
	move(G_DEAD, G_DEAD, G_RUNNING);
}

static void take_a_held_stack(void)
{
	move(G_RUNNABLE, G_COPYSTACK, G_RUNNABLE);
}

static void ready_the_readied(void)
{
	move(G_RUNNABLE, G_WAITING, G_RUNNABLE);
}

static void (*const misuse[])(void) = { come_from_nowhere, go_nowhere, raise_the_dead,
					take_a_held_stack, ready_the_readied };

static void user(void *state, struct slot *me)
{
	(void)me;
	misuse[misuse_chosen(&((struct state *)state)->mark)]();
	must(false, "a misuse was not told");
}

static void counter(void *state, struct slot *me)
{
	(void)me;
	misuse_count(&((struct state *)state)->mark, MISUSES(misuse));
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state);
}

CASE(misuse_status,
     .purpose = "moves of a status that nobody may make",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user }, { "counter", counter } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("a goroutine's status makes an illegal move"),
	    TOLD("a goroutine's stack was taken from its holder"),
	    TOLD("a goroutine was to be waiting, and is runnable")),
     CHECK_OUTCOMES);
