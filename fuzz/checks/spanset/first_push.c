/* A pop while the very first push is under way, which has yet to add the
 * block. */
#include "checks/must.h"
#include "spanset/cases/spanset_case.h"

enum { ENTRIES = 2, SPINE = 1 };

static void pusher(void *state, struct slot *me)
{
	(void)me;
	state_push(state, 0, 0);
}

static void popper(void *state, struct slot *me)
{
	pop_one(state, me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state, ENTRIES, SPINE);
}

/* What is popped is gone from the set, and what is not is there. */
static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	uint64_t index = state_index(s);
	long item = slots[1].got[ITEM];
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	if (span_tail(index) != 1 || span_head(index) != (item == 1) || item > 1)
		return -1;
	return state_entry(s, 0) == (item ? 0 : (uintptr_t)&s->item[0]) ? CAME_THROUGH : -1;
}

CASE(first_push,
     .purpose = "a pop while the set's first block is being added",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "pusher", pusher }, { "popper", popper } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
