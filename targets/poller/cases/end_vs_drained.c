/* The end of a stream comes while a reader takes the last bytes, knows from
 * their number that there are no more, and waits without trying. */
#include <errno.h>

#include "poller/cases/poller_case.h"

struct attempt {
	struct state *s;
	struct slot *me;
};

/* got[0]: what the second read returned; got[1]: attempts. The kernel takes a
 * lock on the socket: read-modify-writes stand for it. */
static int64_t attempt(void *arg)
{
	struct attempt *a = arg;
	a->me->got[1]++;
	/* pairs with: poller() — its end. Fewer bytes than were asked for */
	if (exchange_acq_rel(&a->s->data, 0)) {
		poll_drained(&a->s->pd);
		return 1;
	}
	/* pairs with: as above */
	return fetch_add_acq_rel(&a->s->end, 0) ? 0 : -EAGAIN;
}

static void reader(void *state, struct slot *me)
{
	struct state *s = state;
	struct attempt a = { s, me };
	if (poll_io(&s->pd, POLL_READ, attempt, &a) == 1)
		me->got[0] = poll_io(&s->pd, POLL_READ, attempt, &a) == 0;
}

static void poller(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	struct g *list[2];
	int waiters = 0;
	/* pairs with: attempt() */
	fetch_add_acq_rel(&s->end, 1);
	poll_ended(&s->pd);
	unsigned n = poll_ready(&s->pd, POLL_READ, list, &waiters);
	for (unsigned i = 0; i < n; i++)
		runtime->ready(list[i]);
	poller_adjust(&s->poller, waiters);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	state_open(s);
	word_init(&s->data, 1);
	word_init(&s->end, 0);
}

enum { TRIED, WOKEN, CALLED_OFF, LOST_END };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	const struct slot *r = &slots[0];
	/* relaxed: nothing moves any more */
	if (r->stranded)
		return load_relaxed(&s->end) ? LOST_END : -1;
	/* Where the end is known the second read finds it at once. */
	if (!r->got[0] || r->got[1] != 2)
		return -1;
	return r->g.parks ? WOKEN : r->g.aborts ? CALLED_OFF : TRIED;
}

CASE(end_vs_drained,
     .purpose = "a stream's end comes while its reader takes the last bytes and waits",
     .state_size = sizeof(struct state),
     .actor = { { "reader", reader }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "tried", OK, NO_FAILURE, "the end, or its event, was there at the second read" },
	      { "woken", OK, NO_FAILURE, "the reader parked and was woken" },
	      { "called_off", NEAR, NO_FAILURE, "the event came between setting WAIT and commit" },
	      { "lost", BAD, LOST_EVENT, "parked although the end is there and its event spent" }),
     EXPECT({ "BUG_END_UNSEEN", LOST_EVENT, EVERY_MODEL },
	    { "BUG_RESET_AFTER", LOST_EVENT, EVERY_MODEL },
	    { "BUG_RESET_AFTER", WRONG_OUTCOME, EVERY_MODEL },
	    { "BUG_COMMIT_IGNORED", LOST_EVENT, EVERY_MODEL },
	    { "BUG_TAKE_SPLIT", LOST_EVENT, EVERY_MODEL },
	    { "BUG_PLAIN_RG", LOST_EVENT, C11 },
	    { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_RELEASE_ALL", LOST_EVENT, C11 },
	    { "BUG_RELEASE_ALL+plain", LOST_EVENT, C11 },
	    { "BUG_ACQREL_RMW", LOST_EVENT, C11 },
	    { "BUG_ACQREL_STORE", LOST_EVENT, C11 }));
