/* An error event against close: the error mark must survive publishing. */
#include "poller/cases/poller_case.h"

/* got[0], got[1]: closing seen before and after the mark was set. */
static void poller(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[0] = poll_check_error(&s->pd, POLL_WRITE) == POLL_CLOSING;
	poll_set_event_error(&s->pd, true, 1);
	me->got[1] = poll_check_error(&s->pd, POLL_WRITE) == POLL_CLOSING;
}

static void closer(void *state, struct slot *me)
{
	(void)me;
	poll_unblock(&((struct state *)state)->pd);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_open(state);
}

enum { ERROR_FIRST, CLOSE_FIRST, CROSSED, LOST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	const struct slot *p = &slots[0];
	uint32_t info = info_get(&s->pd);
	if (!(info & INFO_CLOSING))
		return -1;
	if (!(info & INFO_EVENT_ERROR))
		return LOST;
	return p->got[0] ? CLOSE_FIRST : p->got[1] ? CROSSED : ERROR_FIRST;
}

CASE(event_error_vs_close,
     .purpose = "the polling thread marks an error event while the descriptor is closed",
     .state_size = sizeof(struct state),
     .actor = { { "poller", poller }, { "closer", closer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "error_first", OK, NO_FAILURE, "marked, then closed" },
	      { "close_first", OK, NO_FAILURE, "closed, then marked" },
	      { "crossed", NEAR, NO_FAILURE, "closing was published while marking was under way" },
	      { "lost", BAD, LOST_ERROR, "publishing wiped the error mark out" }),
     EXPECT({ "BUG_EVENTERR_LOST", LOST_ERROR, EVERY_MODEL },
	    { "BUG_ACQREL_STORE", LOST_ERROR, EVERY_MODEL },
	    { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_BARE_FLAGS+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_RELEASE_DUMMY+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_RELEASE_ALL+plain", DATA_RACE, EVERY_MODEL }));
