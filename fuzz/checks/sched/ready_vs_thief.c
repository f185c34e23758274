/* Goroutines are readied on one processor, by another goroutine and by the
 * poller, while another one steals. */
#include "checks/sched/thief.h"

enum { READIED = 4 };

static void readier(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 0);
	struct g *list[2] = { &marked(st, 1)->g, &marked(st, 2)->g };
	runtime->ready(&marked(st, 0)->g);
	/* relaxed: the owner's; a thief may have taken what runs next */
	must(load_relaxed(&m->p->tail) == 0, "what was readied does not run next");
	schedule_inject(&st->s, m, list, 2);
	world_set_local(NULL); /* a thread that is no worker */
	runtime->ready(&marked(st, 3)->g);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	thief_prepare(st, READIED);
	st->m[0].cur = &st->g[GS - 1];
	runtime = &sched_runtime;
}

CASE(ready_vs_thief,
     .purpose = "goroutines are readied while another processor steals",
     THIEF_CASE(readier));
