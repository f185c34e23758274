/* Readiness against a reader's reset, attempt and wait. */
#include <errno.h>

#include "poller/cases/poller_case.h"

struct attempt {
	struct state *s;
	struct slot *me;
};

/* got[0]: what poll_io returned; got[1]: attempts. The kernel takes a lock on
 * the socket in both calls: a read-modify-write stands for it. */
static int64_t attempt(void *arg)
{
	struct attempt *a = arg;
	a->me->got[1]++;
	/* pairs with: poller() exchange — the reset came before the attempt */
	return exchange_acq_rel(&a->s->data, 0) ? 1 : -EAGAIN;
}

static void reader(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[0] = poll_io(&s->pd, POLL_READ, attempt, &(struct attempt){ s, me });
}

static void poller(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	struct g *list[2];
	int waiters = 0;
	/* pairs with: attempt() exchange */
	exchange_acq_rel(&s->data, 1);
	unsigned n = poll_ready(&s->pd, POLL_READ, list, &waiters);
	for (unsigned i = 0; i < n; i++)
		runtime->ready(list[i]);
	poller_adjust(&s->poller, waiters);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_open(state);
}

enum { AT_ONCE, WOKEN, CALLED_OFF, READY_IN_TIME, LOST_READY };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	const struct slot *r = &slots[0];
	/* relaxed: nothing moves any more */
	uint32_t data = load_relaxed(&s->data);
	if (r->stranded)
		return data ? LOST_READY : -1;
	if (r->got[0] != 1 || data != 0)
		return -1;
	if (r->got[1] == 1)
		return AT_ONCE;
	return r->g.parks ? WOKEN : r->g.aborts ? CALLED_OFF : READY_IN_TIME;
}

CASE(ready_vs_reset,
     .purpose = "input arrives while a reader resets, tries in vain and blocks",
     .state_size = sizeof(struct state),
     .actor = { { "reader", reader }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "at_once", OK, NO_FAILURE, "the first attempt found the input" },
	      { "woken", OK, NO_FAILURE, "the reader parked and was woken" },
	      { "called_off", NEAR, NO_FAILURE, "readiness came between setting WAIT and commit" },
	      { "ready_in_time", NEAR, NO_FAILURE, "readiness came between attempt and WAIT" },
	      { "lost", BAD, LOST_EVENT, "parked although there is input and its event is spent" }),
     EXPECT({ "BUG_RESET_AFTER", LOST_EVENT, EVERY_MODEL },
	    { "BUG_COMMIT_IGNORED", LOST_EVENT, EVERY_MODEL },
	    { "BUG_TAKE_SPLIT", LOST_EVENT, EVERY_MODEL },
	    { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL }));
