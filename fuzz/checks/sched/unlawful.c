/* What may not become of a goroutine's status is told. */
#include "checks/misuse.h"
#include "sched/cases/sched_case.h"

struct chosen {
	struct state state;
	word32 number;
};

static void scan_the_dead(struct g *g)
{
	word_init(&g->status, G_DEAD);
	status_scan(g, G_DEAD);
}

static void run_the_waiting(struct g *g)
{
	word_init(&g->status, G_WAITING);
	status_set(g, G_WAITING, G_RUNNING);
}

static void wait_for_the_ready(struct g *g)
{
	word_init(&g->status, G_RUNNABLE);
	status_set(g, G_WAITING, G_COPYSTACK);
}

static void give_back_what_was_taken(struct g *g)
{
	word_init(&g->status, G_RUNNING);
	status_set(g, G_COPYSTACK, G_RUNNING);
}

static void unscan_what_was_taken(struct g *g)
{
	word_init(&g->status, G_WAITING);
	status_unscan(g, G_WAITING);
}

static void move_the_running(struct g *g)
{
	word_init(&g->status, G_RUNNING);
	status_copystack(g, G_RUNNABLE);
}

static void ready_the_running(struct g *g)
{
	word_init(&g->status, G_RUNNING);
	status_ready(g);
}

static void (*const misuse[])(struct g *g) = {
	scan_the_dead, run_the_waiting, wait_for_the_ready, give_back_what_was_taken,
	unscan_what_was_taken, move_the_running, ready_the_running
};

static void counter(void *state, struct slot *me)
{
	(void)me;
	misuse_count(&((struct chosen *)state)->number, MISUSES(misuse));
}

static void mover(void *state, struct slot *me)
{
	struct chosen *s = state;
	(void)me;
	state_as(&s->state, 0);
	misuse[misuse_chosen(&s->number)](&s->state.g[0].g);
	must(false, "a misuse was not told");
}

static void prepare(void *state, struct slot *slots)
{
	struct chosen *s = state;
	(void)slots;
	state_init(&s->state);
	word_init(&s->number, 0);
}

CASE(unlawful,
     .purpose = "what may not become of a goroutine's status",
     .state_size = sizeof(struct chosen), .state_align = _Alignof(struct chosen),
     .actor = { { "mover", mover }, { "counter", counter } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("a goroutine's status makes an illegal move"),
	    TOLD("a goroutine was to be waiting, and is runnable"),
	    TOLD("a goroutine's stack was taken from its holder"),
	    TOLD("a scanned goroutine's status was changed by somebody else"),
	    TOLD("the stack of a goroutine that may run was to be moved"),
	    TOLD("readied a goroutine that does not wait")),
     CHECK_OUTCOMES);
