/* What the poller's cases share: the state, a blocker and its judge,
 * expectations. */
#ifndef POLLER_CASE_H
#define POLLER_CASE_H

#include "poller/info.h"
#include "poller/poller.h"

struct state {
	struct poll_desc pd;
	struct poller poller;
	word32 data;   /* stands for the kernel's buffer: 1 while there is input */
	word32 end;    /* likewise: 1 once the other end is closed */
	uintptr_t seq; /* what a timer under way was armed with */
};

/* A deadline that never comes by itself: timers do not run in cases, an actor
 * stands for the firing. */
#define FAR_FUTURE ((int64_t)1 << 62)

static inline void state_open(struct state *s)
{
	static const struct poll_backend none = { .name = "none" };
	poll_desc_init(&s->pd, &s->poller);
	word_init(&s->poller.waiters, 0);
	s->poller.backend = &none;
	word_init(&s->data, 0);
	s->seq = 0;
}

/* Arms the read timer, or the combined one, as poll_set_deadline would leave
 * it. */
static inline void state_arm(struct state *s, int modes)
{
	if (modes & POLL_READ)
		flag_set(&s->pd.rd, FAR_FUTURE);
	if (modes & POLL_WRITE)
		flag_set(&s->pd.wd, FAR_FUTURE);
	s->pd.rt_armed = true;
	s->seq = s->pd.rseq;
}

/* Puts a goroutine where it waits for that direction. */
static inline void state_park(struct state *s, int mode, struct slot *slot)
{
	word_init(mode == POLL_READ ? &s->pd.rg : &s->pd.wg, (uintptr_t)&slot->g);
	word_init(&s->poller.waiters, 1);
}

/* got[0] of a blocker */
enum { SAW_ERROR_FIRST = 1, NOT_READY = 2, GOT_READY = 3 };

/* The inside of poll_wait, its two halves told apart. */
static inline void block_for_read(void *state, struct slot *me)
{
	struct state *s = state;
	if (poll_check_error(&s->pd, POLL_READ) != POLL_OK)
		me->got[0] = SAW_ERROR_FIRST;
	else
		me->got[0] = poll_block(&s->pd, POLL_READ, false) ? GOT_READY : NOT_READY;
}

enum { B_FIRST, B_WOKEN, B_CALLED_OFF, B_REFUSED, B_LOST, B_LOST_UNSEEN, B_LOST_OTHER };

/* Outcomes of a blocker in slot 0 against one updater, whose cause is `why`. */
#define BLOCKER_OUTCOMES(why)                                                            \
	OUTCOMES({ "error_first", OK, NO_FAILURE, "the blocker saw " why " at once" },    \
		 { "woken", OK, NO_FAILURE, "the blocker parked and was woken" },        \
		 { "called_off", NEAR, NO_FAILURE,                                       \
		   "taken out between setting WAIT and commit" },                        \
		 { "refused", NEAR, NO_FAILURE,                                          \
		   why " seen by the second check, after WAIT was set" },                \
		 { "lost", BAD, LOST_WAKEUP,                                             \
		   "parked in the semaphore although " why " is published; nobody left" }, \
		 { "lost_unseen", BAD, LOST_WAKEUP,                                      \
		   "parked, but no longer in the semaphore; nobody left to wake it" },   \
		 { "lost_other", BAD, LOST_WAKEUP,                                       \
		   "the waiter of the other direction was left behind" })

/* Every hit reads the semaphore and the flags again. bits: those of `why`. */
static inline int judge_blocker(const struct state *s, const struct slot *slots, uint32_t bits)
{
	struct poll_desc *pd = (struct poll_desc *)&s->pd;
	const struct slot *me = &slots[0];
	if ((info_get(pd) & bits) != bits)
		return -1;
	if (me->stranded) {
		/* relaxed: nothing moves any more */
		uintptr_t rg = load_relaxed(&pd->rg);
		return rg == (uintptr_t)&me->g ? B_LOST : B_LOST_UNSEEN;
	}
	if (me->got[0] == SAW_ERROR_FIRST)
		return B_FIRST;
	if (me->got[0] != NOT_READY)
		return -1;
	return me->g.parks ? B_WOKEN : me->g.aborts ? B_CALLED_OFF : B_REFUSED;
}

/* The same, with a goroutine in slot 2 that waited for the other direction. */
static inline int judge_both(const struct state *s, const struct slot *slots, uint32_t bits)
{
	int outcome = judge_blocker(s, slots, bits);
	/* relaxed: nothing moves any more */
	bool left = load_relaxed(&slots[2].g.status) == G_WAITING;
	return left && outcome >= 0 && outcome < B_LOST ? B_LOST_OTHER : outcome;
}

/* What shows the store-buffering shape of a blocker against an updater: see
 * RUNTIME's table, computed with herd7 and with the reference models. */
#define BLOCKER_EXPECT                                                                   \
	EXPECT({ "BUG_PLAIN_RG", LOST_WAKEUP,                                            \
		 ARMV8 | ARMV8_LSE | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },                \
	       { "BUG_BARE_FLAGS", LOST_WAKEUP, ARMV8 | ARMV8_RCPC | C11 },              \
	       { "BUG_RELEASE_DUMMY", LOST_WAKEUP, TSO | ARMV8 | ARMV8_RCPC | C11 },     \
	       { "BUG_RELEASE_ALL", LOST_WAKEUP,                                         \
		 TSO | ARMV8 | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },                      \
	       { "BUG_ACQREL_STORE", LOST_WAKEUP,                                        \
		 TSO | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },                              \
	       { "BUG_ACQREL_RMW", LOST_WAKEUP, ARMV8_RCPC | C11 },                      \
	       { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },                         \
	       { "BUG_BARE_FLAGS+plain", DATA_RACE, EVERY_MODEL },                       \
	       { "BUG_RELEASE_DUMMY+plain", DATA_RACE, EVERY_MODEL },                    \
	       { "BUG_RELEASE_ALL+plain", DATA_RACE, EVERY_MODEL },                      \
	       { "BUG_PUBLISH_LATE", LOST_WAKEUP, EVERY_MODEL },                         \
	       { "BUG_COMMIT_IGNORED", LOST_WAKEUP, EVERY_MODEL },                       \
	       { "BUG_TAKE_SPLIT", LOST_WAKEUP, EVERY_MODEL })

#endif
