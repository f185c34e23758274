/* Readiness against close, a reader waiting: exactly one of them wakes it. */
#include "poller/cases/poller_case.h"

/* got[0]: goroutines taken; got[1], got[2]: closing seen before and after. */
static void poller(void *state, struct slot *me)
{
	struct state *s = state;
	struct g *list[2];
	int waiters = 0;
	me->got[1] = poll_check_error(&s->pd, POLL_WRITE) == POLL_CLOSING;
	unsigned n = poll_ready(&s->pd, POLL_READ, list, &waiters);
	me->got[0] = n;
	me->got[2] = poll_check_error(&s->pd, POLL_WRITE) == POLL_CLOSING;
	for (unsigned i = 0; i < n; i++)
		runtime->ready(list[i]);
	poller_adjust(&s->poller, waiters);
}

static void closer(void *state, struct slot *me)
{
	(void)me;
	poll_unblock(&((struct state *)state)->pd);
}

static void prepare(void *state, struct slot *slots)
{
	state_open(state);
	state_park(state, POLL_READ, &slots[2]);
}

enum { READY_FIRST, CLOSE_FIRST, CROSSED, LEFT };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	const struct slot *p = &slots[0];
	/* relaxed: nothing moves any more */
	if (load_relaxed(&slots[2].g.status) == G_WAITING)
		return LEFT;
	/* relaxed: as above */
	if (load_relaxed(&s->pd.rg) != SEM_READY || load_relaxed(&s->poller.waiters) != 0)
		return -1;
	if (!p->got[1] && p->got[2])
		return CROSSED;
	return p->got[0] ? READY_FIRST : CLOSE_FIRST;
}

CASE(ready_vs_close,
     .purpose = "a parked reader's descriptor becomes ready while it is closed",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "poller", poller }, { "closer", closer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "ready_first", OK, NO_FAILURE, "readiness woke the reader" },
	      { "close_first", OK, NO_FAILURE, "closing woke the reader" },
	      { "crossed", NEAR, NO_FAILURE,
		"closing was published while readiness was under way" },
	      { "left", BAD, LOST_WAKEUP, "neither woke the reader" }),
     EXPECT({ "BUG_TAKE_SPLIT", FATAL, EVERY_MODEL },
	    { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_BARE_FLAGS+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_RELEASE_DUMMY+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_RELEASE_ALL+plain", DATA_RACE, EVERY_MODEL }));
