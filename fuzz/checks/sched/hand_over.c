/* What a goroutine's last worker left in it is there for the next one, by
 * whichever queue it comes: what runs next, the ring, what was sent, a thief's
 * ring. */
#include "checks/sched/thief.h"

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

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	thief_prepare(state, 0);
}

static int judge(const void *state, const struct slot *slots)
{
	return slots[2].stranded ? STUCK : thief_judge(state, slots);
}

CASE(hand_over,
     .purpose = "goroutines come by every queue with what was left in them",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "owner", owner }, { "thief", thief }, { "sender", sender } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
