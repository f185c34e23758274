/* A count that two threads raise with a weak compare-and-swap, which may fail
 * for no reason where it is an exclusive pair of instructions.
 *
 *   BUG_SWAP_ONCE   a failure is taken for a lost race: the swap is tried again
 *                   only if the value had changed.
 */
#include "base/case.h"

struct state { word32 count; };

static void raise(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t seen = 0, want = seen;
	(void)me;
	/* pairs with: the other raise(), which counts on; lost against it the
	 * value has changed */
	while (!cas_weak_acq_rel(&s->count, &seen, want + 1)) {
#ifdef BUG_SWAP_ONCE
		/* dropped: the case that nobody was faster */
		if (seen == want)
			return;
#endif
		want = seen;
	}
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	word_init(&s->count, 0);
}

enum { RAISED, LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	/* relaxed: nobody runs */
	return load_relaxed(&s->count) == 2 ? RAISED : LOST;
}

CASE(weak_swap,
     .purpose = "two threads raise a count with a weak compare-and-swap",
     .state_size = sizeof(struct state),
     .actor = { { "first", raise }, { "second", raise } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "raised", OK, NO_FAILURE, "by both" },
	      { "lost", BAD, LOST_WORK, "one gave up though nobody was faster" }),
     EXPECT({ "BUG_SWAP_ONCE", LOST_WORK, ARMV8 | ARMV8_RCPC | C11 }));
