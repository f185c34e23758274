/* What a poll makes runnable is sent to the processors where it ran last, those
 * of three that run something, while one of them receives. */
#include "checks/sched/two.h"

struct homes {
	struct state st;
	_Alignas(PROC_ALIGN) char third[PROC_BYTES], idle[PROC_BYTES];
};

static struct P *third(struct homes *h)
{
	return (struct P *)h->third;
}

static void poller(void *state, struct slot *me)
{
	struct homes *h = state;
	struct state *st = &h->st;
	struct g *list[GS];
	for (unsigned i = 0; i < GS; i++)
		list[i] = &st->g[i].g;
	schedule_inject(&st->s, state_as(st, 0), list, GS);
	came_through(me);
}

static void receiver(void *state, struct slot *me)
{
	struct homes *h = state;
	runq_receive(state_as(&h->st, 1)->p);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct homes *h = state;
	struct state *st = &h->st;
	(void)slots;
	memset(h, 0, sizeof *h);
	two_begin(st);
	third(h)->s = &st->s;
	word_init(&third(h)->status, P_RUNNING);
	struct P *home[GS] = { state_p(st, 1), state_p(st, 1), third(h), state_p(st, 0),
			       state_p(st, 1), (struct P *)h->idle };
	for (unsigned i = 0; i < GS; i++) {
		st->g[i].home = home[i];
		word_init(&st->g[i].g.status, G_WAITING);
	}
}

/* 0, 1 and 4 ran on the receiver's; 3 on the poller's, and 5 where nobody runs.
 */
static int judge(const void *state, const struct slot *slots)
{
	const struct homes *h = state;
	const struct state *st = &h->st;
	static const unsigned queued_on[GS] = { 1, 1, PROCS, 0, 1, 0 };
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	for (unsigned i = 0; i < GS; i++)
		for (unsigned p = 0; p < PROCS; p++)
			if (state_queued(st, p, &st->g[i]) != (queued_on[i] == p) ||
			    status_seen(st, i) != G_RUNNABLE)
				return -1;
	/* relaxed: nothing moves any more */
	uintptr_t sent = load_relaxed(&((const struct P *)h->third)->sent);
	return sent == (uintptr_t)&st->g[2] && !st->g[2].link ? CAME_THROUGH : -1;
}

CASE(homes,
     .purpose = "what is made runnable is sent to three processors, of which one receives",
     .state_size = sizeof(struct homes), .state_align = _Alignof(struct homes),
     .actor = { { "poller", poller }, { "receiver", receiver } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
