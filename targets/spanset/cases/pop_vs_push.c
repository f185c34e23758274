/* A pop against the push of the same slot. */
#include "spanset/cases/spanset_case.h"

enum { ENTRIES = 4, SPINE = 2, SLOT = 1, STAMP = 77 };

static void pusher(void *state, struct slot *me)
{
	(void)me;
	struct state *s = state;
	s->item[SLOT].stamp = STAMP; /* plain: the entry hands it over */
	span_push(&s->set, &s->item[SLOT]);
}

/* got[POOLED_AFTER]: whether the entry was empty just before; got[3]: the
 * stamp. */
static void popper(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[POOLED_AFTER] = state_entry(s, SLOT) == 0;
	struct item *item = span_pop(&s->set);
	me->got[ITEM] = number_of(s, item);
	me->got[3] = item ? item->stamp : 0;
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	struct state *s = state;
	state_init(s, ENTRIES, SPINE);
	state_push(s, 0, 0);
	span_pop(&s->set);
}

enum { FOUND_EMPTY, FOUND, MET, ITEM_LOST, OLD_CONTENT };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	const struct slot *popper = &slots[1];
	uint64_t index = state_index(s);
	if (popper->stranded || (popper->got[ITEM] == 0 && span_head(index) == span_tail(index)))
		return ITEM_LOST;
	if (popper->got[ITEM] == 0)
		return state_entry(s, SLOT) == (uintptr_t)&s->item[SLOT] ? FOUND_EMPTY : ITEM_LOST;
	if (popper->got[ITEM] != SLOT + 1)
		return -1;
	if (popper->got[3] != STAMP)
		return OLD_CONTENT;
	return popper->got[POOLED_AFTER] ? MET : FOUND;
}

CASE(pop_vs_push,
     .purpose = "a pop while the set's only item is being pushed",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "pusher", pusher }, { "popper", popper } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "found_empty", OK, NO_FAILURE, "the popper came too early" },
	      { "found", OK, NO_FAILURE, "the item was there" },
	      { "met", NEAR, NO_FAILURE, "the item came while the popper was looking" },
	      { "item_lost", BAD, LOST_ITEM, "the slot was popped and the item was not" },
	      { "old_content", BAD, WRONG_OUTCOME,
		"the item came without what its pusher wrote to it" }),
     EXPECT({ "BUG_POP_GIVES_UP", LOST_ITEM, EVERY_MODEL },
	    { "BUG_ENTRY_RELAXED", DATA_RACE, EVERY_MODEL }));
