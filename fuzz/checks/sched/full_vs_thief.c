/* The owner of a full ring puts more, half of which goes to the queue of all,
 * while a thief takes from both: each is taken or queued once, with what its
 * putter left in it. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

enum { LOOKS = 2 };

/* Plain: that the queues order it is what is checked. */
static void leave_mark(struct G *g)
{
	g->arg = g;
}

static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	for (int i = SLOTS; i < GS; i++) {
		leave_mark(&st->g[i]);
		runq_put(p, &st->g[i]);
	}
	came_through(me);
}

/* got[1]: a bit for each that it took. */
static void take(const struct state *st, struct slot *me, const struct G *g)
{
	if (!g)
		return;
	must(g >= st->g && g < st->g + GS && g->arg == g, "one comes without what was left in it");
	must(!(me->got[1] >> (g - st->g) & 1), "one was taken twice");
	me->got[1] |= 1L << (g - st->g);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < LOOKS; i++) {
		take(st, me, runq_steal(p, state_p(st, 0), false));
		take(st, me, runq_get(p, false));
	}
	mutex_lock(&st->s.lock);
	take(st, me, global_get(&st->s, p, 1));
	mutex_unlock(&st->s.lock);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	struct P *p = state_p(st, 0);
	for (int i = 0; i < SLOTS; i++) {
		leave_mark(&st->g[i]);
		word_init(&p->ring[i], (uintptr_t)&st->g[i]);
	}
	word_init(&p->tail, SLOTS);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	for (unsigned i = 0; i < GS; i++) {
		const struct G *g = &st->g[i];
		if ((slots[1].got[1] >> i & 1) + state_queued(st, 0, g) + state_queued(st, 1, g) +
			    state_global(st, g) != 1)
			return -1;
	}
	return CAME_THROUGH;
}

CASE(full_vs_thief,
     .purpose = "a full ring's owner puts more while a thief takes",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "thief", thief } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
