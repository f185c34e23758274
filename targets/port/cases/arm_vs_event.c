/* A reader asks for its direction while an event of the other one is fetched,
 * which dissolves the association of both. */
#include "port/cases/port_case.h"

/* got[0]: what it read. */
static void reader(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[0] = poll_io(&s->pd, POLL_READ, read_messages, s);
}

/* got[0]: the reader had asked before. */
static void poller(void *state, struct slot *me)
{
	struct state *s = state;
	/* pairs with: case_watch() store */
	me->got[0] = (load_acquire(&s->watched) & WORLD_IN) != 0;
	poller_once(&s->poller, 0);
	send_one(s);
	poller_once(&s->poller, 0);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	state_port(s, WORLD_OUT);
	word_init(&s->pd.wg, (uintptr_t)&slots[2].g);
	word_init(&s->poller.waiters, 1);
}

enum { AT_ONCE, WOKEN, ASKED_AGAIN, STILL_TO_COME, LOST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *s = (struct state *)state;
	const struct slot *r = &slots[0];
	/* relaxed: nothing moves any more */
	if (load_relaxed(&slots[2].g.status) == G_WAITING)
		return LOST;
	if (r->stranded)
		return !(readiness(s) & WORLD_IN) ? -1 : parked_in_vain(s) ? LOST : STILL_TO_COME;
	if (r->got[0] != 1)
		return -1;
	if (s->number.serial >= 2 && !slots[1].got[0])
		return ASKED_AGAIN;
	return s->number.serial == 0 ? AT_ONCE : WOKEN;
}

CASE(arm_vs_event,
     .purpose = "a reader asks for input while the writer's event is on its way",
     .state_size = sizeof(struct state), .passive = 1,
     .actor = { { "reader", reader }, { "poller", poller } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "at_once", OK, NO_FAILURE, "the first attempt found the message" },
	      { "woken", OK, NO_FAILURE, "the reader waited and was told" },
	      { "asked_again", NEAR, NO_FAILURE,
		"asked for while the writer's event was fetched, and asked for again" },
	      { "still_to_come", OK, NO_FAILURE, "the association is there; the next poll tells" },
	      { "lost", BAD, LOST_EVENT,
		"parked with a message there, and no association that would tell" }),
     EXPECT({ "BUG_UPDATE_UNLOCKED", LOST_EVENT, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", LOST_EVENT, EVERY_MODEL },
	    { "BUG_7410", LOST_EVENT, EVERY_MODEL }));
