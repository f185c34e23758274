/* Goroutines are put into queues, in some way, while a thief takes what it
 * finds: each is somewhere once, runnable, with what was left in it.
 */
#ifndef FUZZ_CHECKS_SCHED_THIEF_H
#define FUZZ_CHECKS_SCHED_THIEF_H

#include "checks/sched/two.h"

/* got[TAKEN]: a bit for each that an actor took. */
enum { LOOKS = 2, TAKEN = 1 };

/* Number i, which is about to be put. Plain: that the queues order it is what
 * is checked. */
static inline struct G *marked(struct state *st, unsigned i)
{
	struct G *g = &st->g[i];
	g->arg = g;
	return g;
}

/* g NULL: there was none. */
static inline void take(const struct state *st, struct slot *me, const struct G *g)
{
	if (!g)
		return;
	must(g >= st->g && g < st->g + GS && g->arg == g, "one comes without what was left in it");
	must(status_of(&g->g) == G_RUNNABLE, "what is queued is not runnable");
	must(!(me->got[TAKEN] >> (g - st->g) & 1), "one was taken twice");
	me->got[TAKEN] |= 1L << (g - st->g);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < LOOKS; i++) {
		take(st, me, runq_steal(p, state_p(st, 0), true));
		take(st, me, runq_get(p, false));
	}
	mutex_lock(&st->s.lock);
	take(st, me, global_get(&st->s, p, 1));
	mutex_unlock(&st->s.lock);
	came_through(me);
}

/* The first n wait, the others are runnable; none is queued. */
static inline void thief_prepare(struct state *st, unsigned n)
{
	two_begin(st);
	for (unsigned i = 0; i < GS; i++)
		word_init(&st->g[i].g.status, i < n ? G_WAITING : G_RUNNABLE);
}

static int thief_judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	for (unsigned i = 0; i < GS; i++) {
		const struct G *g = &st->g[i];
		unsigned n = (slots[0].got[TAKEN] >> i & 1) + (slots[1].got[TAKEN] >> i & 1) +
			     state_queued(st, 0, g) + state_queued(st, 1, g) + state_global(st, g);
		if (n != (g->arg == g) || (n && status_seen(st, i) != G_RUNNABLE))
			return -1;
	}
	return slots[0].got[0] && slots[1].got[0] ? CAME_THROUGH : -1;
}

/* putter: the first actor's function; it may take some, too. */
#define THIEF_CASE(putter)                                                         \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { #putter, putter }, { "thief", thief } },                      \
	.prepare = prepare, .judge = thief_judge, CHECK_OUTCOMES

#endif
