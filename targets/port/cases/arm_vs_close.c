/* A waiter asks for readiness while its descriptor is closed and the number
 * given to somebody else. Nothing but closing keeps the two apart here: no
 * reference. */
#include "port/cases/port_case.h"

/* got[0], got[1]: closing seen before and after. */
static void armer(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[0] = poll_check_error(&s->pd, POLL_READ) == POLL_CLOSING;
	s->poller.backend->arm(&s->pd, POLL_READ);
	me->got[1] = poll_check_error(&s->pd, POLL_READ) == POLL_CLOSING;
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_port(state, 0);
}

enum { ARMED_FIRST, CLOSED_FIRST, CROSSED, STALE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	const struct slot *a = &slots[0];
	if (is_stale(s) || s->number.user != &s->other)
		return STALE;
	if (!a->got[0] && a->got[1])
		return CROSSED;
	return a->got[0] ? CLOSED_FIRST : ARMED_FIRST;
}

CASE(arm_vs_close,
     .purpose = "an association is asked for while its number changes hands",
     .state_size = sizeof(struct state),
     .actor = { { "armer", armer }, { "closer", close_and_reopen } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "armed_first", OK, NO_FAILURE, "associated, then closed" },
	      { "closed_first", OK, NO_FAILURE, "closing forbade to ask" },
	      { "crossed", NEAR, NO_FAILURE, "closing was published while arming was under way" },
	      { "stale", BAD, STALE_ARM,
		"an association with the number's next owner, who did not make it" }),
     EXPECT({ "BUG_UPDATE_UNLOCKED", STALE_ARM, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", STALE_ARM, EVERY_MODEL },
	    { "BUG_REARM_CLOSED", STALE_ARM, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", STALE_ARM, EVERY_MODEL },
	    { "BUG_7410", STALE_ARM, EVERY_MODEL }));
