/* A descriptor that is ready before it is opened: its event is on its way while
 * open, and then its first waiter, still ask. */
#include "port/cases/port_case.h"

/* got[0]: told before the asking was over. */
static void opener(void *state, struct slot *me)
{
	struct state *s = state;
	s->poller.backend->open(&s->poller, &s->pd);
	s->poller.backend->arm(&s->pd, POLL_READ);
	/* pairs with: poll_take() swap */
	me->got[0] = load_acquire(&s->pd.rg) == SEM_READY;
}

static void poller(void *state, struct slot *me)
{
	(void)me;
	poller_once(&((struct state *)state)->poller, -1);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	state_port(s, 0);
	s->number.owner = NULL;
	word_init(&s->file, WORLD_OUT | MESSAGE);
}

enum { TOLD, IN_TIME, UNASKED, LOST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	if (s->pd.user & WORLD_IN && parked_in_vain(s))
		return LOST;
	/* relaxed: nothing moves any more */
	if (load_relaxed(&s->pd.wg) == SEM_READY)
		return UNASKED;
	if (slots[1].stranded || load_relaxed(&s->pd.rg) != SEM_READY)
		return -1;
	return slots[0].got[0] ? IN_TIME : TOLD;
}

CASE(open_vs_event,
     .purpose = "an event comes while open, or the first waiter, still asks for it",
     .state_size = sizeof(struct state),
     .actor = { { "opener", opener }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "told", OK, NO_FAILURE, "the event came after it was asked for" },
	      { "in_time", NEAR, NO_FAILURE, "the event came while it was asked for" },
	      { "unasked", OK, NO_FAILURE,
		"told of the other direction too, for which nobody had asked" },
	      { "lost", BAD, LOST_EVENT,
		"ready, and wanted, but no association that would tell; nobody asks again" }),
     EXPECT({ "BUG_UPDATE_UNLOCKED", LOST_EVENT, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", LOST_EVENT, EVERY_MODEL },
	    { "BUG_OPEN_ARMED", LOST_EVENT, NO_MODEL }));
