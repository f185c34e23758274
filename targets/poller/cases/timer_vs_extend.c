/* A deadline's timer against a later extension of that deadline. */
#include "poller/cases/poller_case.h"

static void timer(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poll_read_deadline(&s->pd, s->seq);
}

static void setter(void *state, struct slot *me)
{
	(void)me;
	poll_set_deadline(&((struct state *)state)->pd, INT64_MAX, POLL_READ);
}

static void prepare(void *state, struct slot *slots)
{
	state_open(state);
	state_arm(state, POLL_READ);
	state_park(state, POLL_READ, &slots[2]);
}

enum { EXPIRED_FIRST, EXTENDED_FIRST, EXPIRED_EARLY };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	int64_t rd = flag_get(&s->pd.rd);
	if (rd < 0 && (info_get(&s->pd) & INFO_READ_EXPIRED))
		return EXPIRED_EARLY;
	if (rd != INT64_MAX || (info_get(&s->pd) & INFO_READ_EXPIRED) || !s->pd.rt_armed)
		return -1;
	/* relaxed: nothing moves any more */
	uint32_t status = load_relaxed(&slots[2].g.status);
	return status == G_WAITING ? EXTENDED_FIRST : EXPIRED_FIRST;
}

CASE(timer_vs_extend,
     .purpose = "a timer that has fired while its deadline is moved into the future",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "timer", timer }, { "setter", setter } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "expired_first", OK, NO_FAILURE, "the reader was woken, then the deadline moved" },
	      { "extended_first", NEAR, NO_FAILURE,
		"a firing with an outdated cookie came and did nothing" },
	      { "expired_early", BAD, STALE_ARM,
		"the old firing made the new deadline expire" }),
     EXPECT({ "BUG_STALE_COOKIE", STALE_ARM, EVERY_MODEL }));
