/* What may not become of a goroutine's status is told. */
#include "checks/misuse.h"
#include "sched/cases/sched_case.h"

enum { NOWHERE = 100 };

static void move(struct g *g)
{
	static const struct { uint32_t is, from, to; } moves[] = {
		{ NOWHERE, NOWHERE, G_DEAD },
		{ G_DEAD, G_DEAD, NOWHERE },
		{ G_DEAD, G_DEAD, G_RUNNING },
		{ G_WAITING, G_WAITING, G_RUNNING },
		{ G_RUNNABLE, G_WAITING, G_RUNNABLE },
		{ G_RUNNABLE, G_WAITING, G_COPYSTACK },
		{ G_RUNNABLE, G_COPYSTACK, G_RUNNABLE },
		{ G_RUNNING, G_COPYSTACK, G_RUNNING },
	};
	const __typeof__(*moves) *m = &ONE_OF(moves);
	word_init(&g->status, m->is);
	status_set(g, m->from, m->to);
}

static void scan_the_dead(struct g *g)
{
	word_init(&g->status, G_DEAD);
	status_scan(g, G_DEAD);
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
	move, scan_the_dead, unscan_what_was_taken, move_the_running, ready_the_running
};

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	state_as(st, 0);
	ONE_OF(misuse)(&st->g[0].g);
	not_told();
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state);
}

CASE(misuse_status,
     .purpose = "what may not become of a goroutine's status",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("a goroutine's status makes an illegal move"),
	    TOLD("a goroutine was to be waiting, and is runnable"),
	    TOLD("a goroutine's stack was taken from its holder"),
	    TOLD("a scanned goroutine's status was changed by somebody else"),
	    TOLD("the stack of a goroutine that may run was to be moved"),
	    TOLD("readied a goroutine that does not wait")),
     CHECK_OUTCOMES);
