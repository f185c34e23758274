/* What a goroutine's last worker left in it is there for the next one, by
 * whichever queue it comes: what runs next, the ring, what was sent, a thief's
 * ring. */
#include "checks/must.h"
#include "sched/cases/sched_case.h"

enum { LOOKS = 2 };

/* Plain: that the queues order it is what is checked. */
static struct G *marked(struct state *st, unsigned i)
{
	struct G *g = &st->g[i];
	g->arg = g;
	return g;
}

static void take(struct state *st, struct slot *me, struct G *g)
{
	if (!g)
		return;
	must(g->arg == g, "one comes without what was left in it");
	must(!(me->got[1] >> (g - st->g) & 1), "one was taken twice");
	me->got[1] |= 1L << (g - st->g);
}

/* One is kicked from where the next one stands. */
static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 0)->p;
	runq_put_next(p, marked(st, 0));
	runq_put_next(p, marked(st, 1));
	take(st, me, runq_get(p, false));
	came_through(me);
}

static void sender(void *state, struct slot *me)
{
	struct state *st = state;
	struct G *first = marked(st, 2), *last = marked(st, 3);
	first->link = last;
	runq_send(state_p(st, 0), first, last);
	came_through(me);
}

static void thief(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < LOOKS; i++) {
		take(st, me, runq_steal(p, state_p(st, 0), true));
		take(st, me, runq_get(p, false));
	}
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	for (unsigned i = 0; i < 3; i++)
		if (slots[i].stranded)
			return STUCK;
	for (unsigned i = 0; i < 4; i++) {
		const struct G *g = &st->g[i];
		if ((slots[0].got[1] >> i & 1) + (slots[2].got[1] >> i & 1) +
			    state_queued(st, 0, g) + state_queued(st, 1, g) != 1)
			return -1;
	}
	return CAME_THROUGH;
}

CASE(hand_over,
     .purpose = "goroutines come by every queue with what was left in them",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "sender", sender }, { "thief", thief } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
