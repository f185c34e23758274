/* A pusher that is late with its entry, and the popper of the block's last one.
 *
 * Slot 0 was claimed by the pusher, and by a popper that waits for it (and is
 * no actor: it would wait to the end). The block must stay.
 */
#include "spanset/cases/spanset_case.h"

enum { ENTRIES = 2, SPINE = 2, LATE = 0, LAST = 1 };

/* got[INDEX_BEFORE] of the pusher: whether the last item was still there. */
static void late_pusher(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[INDEX_BEFORE] = state_entry(s, LAST) != 0;
	span_push_at(&s->set, LATE, &s->item[0]);
}

/* got[POOLED_AFTER]: whether the late entry was there in the end. */
static void popper(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[ITEM] = number_of(s, span_pop(&s->set));
	me->got[POOLED_AFTER] = state_entry(s, LATE) != 0;
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	struct state *s = state;
	state_init(s, ENTRIES, SPINE);
	/* Both slots are claimed, the last one is filled, one popper is on its
	 * way to the first. */
	word_init(&s->set.index, LAST);
	state_push(s, LAST, LAST);
	word_init(&s->set.index, (UINT64_C(1) << 32) | ENTRIES);
}

enum { PUSHED_FIRST, POPPED_FIRST, AT_ONCE, FREED_EARLY, PUSHED_LATE, PUSHED_TOO_LATE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	const struct slot *pusher = &slots[0], *popper = &slots[1];
	/* An entry is yet to be popped, so no block may be in the pool. */
	if (state_audit(s).pooled || state_entry(s, LATE) != (uintptr_t)&s->item[0])
		return FREED_EARLY;
	if (popper->got[ITEM] != LAST + 1)
		return -1;
	if (!pusher->got[INDEX_BEFORE])
		return POPPED_FIRST;
	return popper->got[POOLED_AFTER] ? PUSHED_FIRST : AT_ONCE;
}

CASE(late_push,
     .purpose = "a late pusher of a block's first entry and the popper of its last one",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "pusher", late_pusher }, { "popper", popper } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "pushed_first", OK, NO_FAILURE, "the entry was there when the last was popped" },
	      { "popped_first", OK, NO_FAILURE, "the last item was popped, then the push came" },
	      { "at_once", NEAR, NO_FAILURE,
		"the push began before the pop and was not done after it" },
	      { "freed_early", BAD, EARLY_FREE,
		"the block was freed with an entry claimed and not yet filled" },
	      { "pushed_late", BAD, EARLY_FREE, "the push found its block in the pool" },
	      { "pushed_too_late", BAD, EARLY_FREE, "the push found no block any more" }),
     THROWN({ span_freed_early, PUSHED_LATE }, { span_no_block, PUSHED_TOO_LATE }),
     EXPECT({ "BUG_BLOCK_USED", EARLY_FREE, EVERY_MODEL },
	    { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL }));
