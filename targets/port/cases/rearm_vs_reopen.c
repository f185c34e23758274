/* The polling thread asks again for the other direction while the descriptor is
 * closed and its number given to somebody else: golang/go#7410. */
#include "port/cases/port_case.h"

static void poller(void *state, struct slot *me)
{
	(void)me;
	poller_once(&((struct state *)state)->poller, 0);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_port(state, WORLD_IN | WORLD_OUT);
}

enum { REARMED, REFUSED, GONE, STALE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	if (is_stale(s) || s->number.user != &s->other)
		return STALE;
	/* relaxed: nothing moves any more */
	bool fetched = load_relaxed((wordptr *)&s->pd.wg) == SEM_READY;
	if (!fetched)
		return s->pd.user == (WORLD_IN | WORLD_OUT) ? GONE : -1;
	return s->pd.user == WORLD_IN ? REARMED : REFUSED;
}

CASE(rearm_vs_reopen,
     .purpose = "a late event's association is made again while the number changes hands",
     .state_size = sizeof(struct state),
     .actor = { { "poller", poller }, { "closer", close_and_reopen } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "rearmed", OK, NO_FAILURE, "associated again, then closed" },
	      { "refused", NEAR, NO_FAILURE,
		"the event was fetched, but closing forbade to ask again" },
	      { "gone", OK, NO_FAILURE, "closed before the event was fetched" },
	      { "stale", BAD, STALE_ARM,
		"an association with the number's next owner, who did not make it" }),
     EXPECT({ "BUG_UPDATE_UNLOCKED", STALE_ARM, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", STALE_ARM, EVERY_MODEL },
	    { "BUG_REARM_CLOSED", STALE_ARM, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", STALE_ARM, EVERY_MODEL },
	    { "BUG_7410", STALE_ARM, EVERY_MODEL }));
