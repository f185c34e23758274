/* The shape of golang/go#45211 in five accesses: a waiter sets its mark and
 * looks at the flag, a closer sets the flag and looks at the mark. Bare: no
 * lock, no parking. What the explorer's speed is measured on.
 *
 *   BUG_NO_EXCHANGE   the closer's store is a release store and not an
 *                     exchange: the x86 form of the lost wakeup. ARM64 keeps
 *                     a release store (STLR) before a later seq_cst load (LDAR).
 */
#include "base/case.h"

struct state { word32 mark, flag, noise; };

static void waiter(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t seen = 0;
	/* pairs with: closer() load of mark */
	cas_seq_cst(&s->mark, &seen, 1);
	/* pairs with: closer() store of flag — mark was set before */
	me->got[0] = load_seq_cst(&s->flag);
}

static void closer(void *state, struct slot *me)
{
	struct state *s = state;
#ifdef BUG_NO_EXCHANGE
	/* dropped: the order of this store before the load of mark. pairs with:
	 * waiter() */
	store_release(&s->flag, 1);
#else
	/* pairs with: waiter() load of flag */
	exchange_seq_cst(&s->flag, 1);
#endif
	/* relaxed: the unrelated word that stands for history's barrier */
	store_relaxed(&s->noise, 1);
	/* pairs with: waiter() swap of mark */
	me->got[0] = load_seq_cst(&s->mark);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	word_init(&s->mark, 0);
	word_init(&s->flag, 0);
	word_init(&s->noise, 0);
}

enum { BOTH_SAW, WAITER_SAW, CLOSER_SAW, NEITHER_SAW };

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	if (slots[0].got[0])
		return slots[1].got[0] ? BOTH_SAW : WAITER_SAW;
	return slots[1].got[0] ? CLOSER_SAW : NEITHER_SAW;
}

CASE(store_then_look,
     .purpose = "a waiter and a closer that each write, then look for the other",
     .state_size = sizeof(struct state),
     .actor = { { "waiter", waiter }, { "closer", closer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "both_saw", NEAR, NO_FAILURE, "each saw the other" },
	      { "waiter_saw", OK, NO_FAILURE, "the closer was first" },
	      { "closer_saw", OK, NO_FAILURE, "the waiter was first" },
	      { "neither_saw", BAD, LOST_WAKEUP, "the waiter would park, and nobody wakes it" }),
     EXPECT({ "BUG_NO_EXCHANGE", LOST_WAKEUP, TSO | C11 }));
