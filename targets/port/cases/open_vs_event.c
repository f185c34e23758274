/* A descriptor that is ready before it is opened: its event is on its way while
 * its first waiter still asks. Then it waits again, for what comes later. */
#include "port/cases/port_case.h"

/* The opener's call to associate, which is seen to end after its event was
 * fetched or before: that comes of the times alone, lock or no lock. */
static int opening_associate(struct port *port, int fd, uint32_t events, void *user)
{
	int error = case_associate(port, fd, events, user);
	/* relaxed: a look at how the two met */
	if (events && !load_relaxed(&state_of(port)->watched))
		/* relaxed: read when all is over */
		store_relaxed(&state_of(port)->overtaken, 1);
	return error;
}

/* got[0]: messages there were when it was told for the first time. */
static void opener(void *state, struct slot *me)
{
	struct state *s = state;
	s->poller.backend->open(&s->poller, &s->pd);
	poll_wait(&s->pd, POLL_READ);
	me->got[0] = take_all(s);
	poll_wait(&s->pd, POLL_READ);
}

static void poller(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	poller_once(&s->poller, -1);
	send_one(s);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	state_port(s, 0);
	s->ops.associate = opening_associate;
	word_init(&s->overtaken, 0);
	s->number.owner = NULL;
	word_init(&s->file, WORLD_OUT | MESSAGE);
}

enum { TOLD, OVERTAKEN, UNASKED, LOST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	const struct slot *o = &slots[0];
	bool parked = o->stranded == 1;
	if (parked && readiness(s) & WORLD_IN && parked_in_vain(s))
		return LOST;
	/* relaxed: nothing moves any more */
	if (load_relaxed(&s->pd.wg) == SEM_READY)
		return UNASKED;
	/* One event, so it waits for another: both messages had come, or the
	 * next poll tells. */
	if (!parked || slots[1].stranded || o->got[0] == 0)
		return -1;
	/* relaxed: likewise */
	return load_relaxed(&s->overtaken) ? OVERTAKEN : TOLD;
}

CASE(open_vs_event,
     .purpose = "an event comes while open, or the first waiter, still asks for it",
     .state_size = sizeof(struct state),
     .actor = { { "opener", opener }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "told", OK, NO_FAILURE, "parked, told, and asked again" },
	      { "in_time", NEAR, NO_FAILURE, "told before it parked, and asked again" },
	      { "unasked", OK, NO_FAILURE,
		"told of the other direction too, for which nobody had asked" },
	      { "lost", BAD, LOST_EVENT,
		"parked with a message there, and no association that would tell" }),
     EXPECT({ "BUG_UPDATE_UNLOCKED", LOST_EVENT, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", LOST_EVENT, EVERY_MODEL },
	    { "BUG_OPEN_ARMED", LOST_EVENT, NO_MODEL }));
