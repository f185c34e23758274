/* A stack is shrunk, the world stands still, and the poller makes its goroutine
 * runnable: golang/go#9186. */
#include "sched/cases/sched_case.h"

/* got[0]: the status seen before, got[1]: the one that it was taken in. */
static void shrinker(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	me->got[0] = (long)status_seen(st, 0);
	me->got[1] = (long)status_copystack(&st->g[0].g, (uint32_t)me->got[0]);
	status_set(&st->g[0].g, G_COPYSTACK, (uint32_t)me->got[1]);
}

/* The worker that polled. It has no processor. */
static void poller(void *state, struct slot *me)
{
	struct state *st = state;
	struct g *list[1] = { &st->g[0].g };
	schedule_inject(&st->s, state_as(st, 1), list, 1);
	me->got[0] = 1;
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	st->m[0].p = state_p(st, 0);
	word_init(&st->s.stopping, 1);
	word_init(&st->g[0].g.status, G_WAITING);
}

enum { READY_FIRST, SHRUNK_FIRST, CROSSED, WEDGED };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	const struct slot *s = &slots[0];
	if (status_seen(st, 0) != G_RUNNABLE || state_global(st, &st->g[0]) != 1)
		return -1;
	if (s->stranded)
		return s->got[0] == G_COPYSTACK ? -1 : WEDGED;
	if (s->got[0] == G_RUNNABLE)
		return READY_FIRST;
	return s->got[1] == G_WAITING ? SHRUNK_FIRST : CROSSED;
}

CASE(shrink_vs_ready,
     .purpose = "a stack is shrunk while the poller makes its goroutine runnable",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "shrinker", shrinker }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "ready_first", OK, NO_FAILURE, "it was runnable when the shrinker looked" },
	      { "shrunk_first", OK, NO_FAILURE, "it was taken while it waited" },
	      { "crossed", NEAR, NO_FAILURE, "made runnable between the look and the swap" },
	      { "wedged", BAD, WEDGE,
		"the shrinker spins until it waits again, and it is runnable for good" }),
     EXPECT({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL },
	    { "BUG_COPYSTACK_CHECKED", FATAL, EVERY_MODEL },
	    { "BUG_READY_OVER_SCAN", FATAL, EVERY_MODEL }));
