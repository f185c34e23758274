/* What the poller makes runnable is sent to the processor that it ran on, while
 * that one's worker looks for work and the sender takes half of it back. */
#include "sched/cases/sched_case.h"

enum { SENT = 3 };

static long number(const struct state *st, const struct G *g)
{
	return g ? g - st->g + 1 : 0;
}

/* got[0]: what it took back. */
static void sender(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	runq_send(state_p(st, 0), &st->g[0], &st->g[0]);
	st->g[1].link = &st->g[2];
	runq_send(state_p(st, 0), &st->g[1], &st->g[2]);
	me->got[0] = number(st, runq_steal(state_p(st, 1), state_p(st, 0), false));
}

/* got[0]: what it took. */
static void owner(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	me->got[0] = number(st, runq_get(state_p(st, 0), false));
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
}

enum { ALONE, SHARED, TWICE, NEVER };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	unsigned seen[GS + 1] = { 0 };
	seen[slots[0].got[0]]++;
	seen[slots[1].got[0]]++;
	for (unsigned i = 0; i < SENT; i++)
		seen[i + 1] += state_queued(st, 0, &st->g[i]) + state_queued(st, 1, &st->g[i]);
	for (unsigned i = 1; i <= SENT; i++)
		if (seen[i] != 1)
			return seen[i] > 1 ? TWICE : NEVER;
	return slots[0].got[0] && slots[1].got[0] ? SHARED : ALONE;
}

CASE(send_vs_steal,
     .purpose = "goroutines are sent to a processor while its worker and a thief look there",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "sender", sender }, { "owner", owner } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "alone", OK, NO_FAILURE, "one of the two found them" },
	      { "shared", NEAR, NO_FAILURE, "both found some" },
	      { "twice", BAD, DUPLICATE_ITEM, "one goroutine was taken twice" },
	      { "never", BAD, LOST_ITEM, "one was lost" }),
     EXPECT({ "BUG_SENT_SPLIT", DUPLICATE_ITEM, EVERY_MODEL },
	    { "BUG_SENT_SPLIT", LOST_ITEM, EVERY_MODEL },
	    { "BUG_PUT_RELAXED", LOST_ITEM, EVERY_MODEL & ~(SC | TSO) }));
