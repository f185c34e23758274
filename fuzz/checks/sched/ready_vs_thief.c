/* Goroutines are readied on one processor, by another goroutine and by the
 * poller, while another one steals: whoever finds one finds it runnable. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

enum { READIED = 4, LOOKS = 3 };

static void readier(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 0);
	struct g *list[2] = { &st->g[1].g, &st->g[2].g };
	runtime->ready(&st->g[0].g);
	/* relaxed: the owner's; a thief may have taken what runs next */
	must(load_relaxed(&m->p->tail) == 0, "what was readied does not run next");
	schedule_inject(&st->s, m, list, 2);
	world_set_local(NULL); /* a thread that is no worker */
	runtime->ready(&st->g[3].g);
	came_through(me);
}

/* got[1]: a bit for each that it took. */
static void take(struct state *st, struct slot *me, struct G *g)
{
	if (!g)
		return;
	long bit = 1L << (g - st->g);
	must(status_of(&g->g) == G_RUNNABLE, "what is queued is not runnable");
	must(!(me->got[1] & bit), "one was taken twice");
	me->got[1] |= bit;
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < LOOKS; i++) {
		take(st, me, runq_steal(p, state_p(st, 0), true));
		take(st, me, runq_get(p, false));
		mutex_lock(&st->s.lock);
		take(st, me, global_get(&st->s, p, 1));
		mutex_unlock(&st->s.lock);
	}
	me->got[0] = 1;
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	st->m[0].cur = &st->g[GS - 1];
	runtime = &sched_runtime;
	for (int i = 0; i < READIED; i++)
		word_init(&st->g[i].g.status, G_WAITING);
}

/* Each is somewhere once. */
static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	for (unsigned i = 0; i < READIED; i++) {
		const struct G *g = &st->g[i];
		if ((slots[1].got[1] >> i & 1) + state_queued(st, 0, g) + state_queued(st, 1, g) +
			    state_global(st, g) != 1 ||
		    status_seen(st, i) != G_RUNNABLE)
			return -1;
	}
	return slots[0].got[0] && slots[1].got[0] ? CAME_THROUGH : -1;
}

CASE(ready_vs_thief,
     .purpose = "goroutines are readied while another processor steals",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "readier", readier }, { "thief", thief } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
