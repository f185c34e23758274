/* A pop while a push doubles the spine: the popper's slot is there in the old
 * one and in the new one, whichever it finds. */
#include "checks/must.h"
#include "spanset/cases/spanset_case.h"

enum { ENTRIES = 2, SPINE = 1 };

struct grown {
	struct state st; /* first: the actors know it */
	uintptr_t spine; /* the one that it begins with */
};

static uintptr_t spine_of(const struct state *s)
{
	return load_relaxed((wordptr *)&s->set.spine); /* relaxed: nobody else is there */
}

static void pusher(void *state, struct slot *me)
{
	(void)me;
	state_push(state, ENTRIES, ENTRIES);
}

static void popper(void *state, struct slot *me)
{
	pop_one(state, me);
}

static void prepare(void *state, struct slot *slots)
{
	struct grown *s = state;
	(void)slots;
	state_init(&s->st, ENTRIES, SPINE);
	state_push(&s->st, 0, ENTRIES - 1);
	s->spine = spine_of(&s->st);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = &((const struct grown *)state)->st;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	if (slots[1].got[ITEM] != 1 || state_entry(s, 0) != 0 || s->set.spine_room != 2 * SPINE ||
	    spine_of(s) == ((const struct grown *)state)->spine)
		return -1;
	for (uint32_t i = 1; i <= ENTRIES; i++)
		if (state_entry(s, i) != (uintptr_t)&s->item[i])
			return -1;
	return CAME_THROUGH;
}

CASE(pop_vs_growth,
     .purpose = "a pop while a push makes the spine longer",
     .state_size = sizeof(struct grown), .state_align = _Alignof(struct grown),
     .actor = { { "pusher", pusher }, { "popper", popper } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
