/* Subjects of the explorer's treatment of loops that wait, of deadlocks and
 * time-outs.
 */
#include <string.h>

#include "base/case.h"
#include "base/lock.h"

struct state {
	word32 a, b, c;
	mutex left, right;
	note note;
	uint32_t count;
};

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(s, 0, sizeof *s);
	word_init(&s->a, 0);
	word_init(&s->b, 0);
	word_init(&s->c, 0);
	mutex_init(&s->left);
	mutex_init(&s->right);
	word_init(&s->note.key, 0);
}

/* got[0] of actor 0: 0 = done, 1 = the other way */
static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].stranded ? -1 : (int)slots[0].got[0];
}

#define ENDS                                       \
	OUTCOMES({ "done", OK, NO_FAILURE, "done" }, \
		 { "other", OK, NO_FAILURE, "the other way" })
#define SUBJECT(id, why, ...)                                                              \
	CASE(id, .purpose = why, .state_size = sizeof(struct state), .prepare = prepare,   \
	     .judge = judge, ENDS, __VA_ARGS__)
#define ACTOR(name) static void name(void *state, struct slot *me)
#define USE struct state *s = state; (void)s; (void)me

/* pairs with: set_a() */
ACTOR(spin_hint) { USE; while (load_acquire(&s->a) == 0) world_relax(); }
ACTOR(spin_bare) { USE; while (load_acquire(&s->a) == 0) ; }
ACTOR(spin_yield) { USE; while (load_acquire(&s->a) == 0) world_yield(); }
ACTOR(spin_two) { USE; while (load_acquire(&s->a) == 0 && load_acquire(&s->b) == 0) ; }
ACTOR(spin_swap) { USE; while (exchange_acquire(&s->a, 2) != 1) ; }
/* pairs with: the spinners */
ACTOR(set_a) { USE; store_release(&s->a, 1); }
ACTOR(set_b) { USE; store_release(&s->b, 1); }
ACTOR(nothing) { USE; }
SUBJECT(wait_hint, "a loop with a hint",
	.actor = { { "spinner", spin_hint }, { "setter", set_a } });
SUBJECT(wait_bare, "a loop without one",
	.actor = { { "spinner", spin_bare }, { "setter", set_a } });
SUBJECT(wait_yield, "a loop that yields",
	.actor = { { "spinner", spin_yield }, { "setter", set_a } });
SUBJECT(wait_two, "a loop over two words",
	.actor = { { "spinner", spin_two }, { "setter", set_b } });
SUBJECT(wait_both, "two spinners",
	.actor = { { "spinner", spin_bare }, { "another", spin_two },
					      { "setter", set_a } });
SUBJECT(livelock_bare, "nobody ever sets it, no hint",
	.actor = { { "spinner", spin_bare }, { "setter", set_b } },
	EXPECT({ "fixed", LIVELOCK, EVERY_MODEL }));
SUBJECT(livelock_swap, "exchanges that never find it set",
	.actor = { { "spinner", spin_swap }, { "another", spin_swap } },
	EXPECT({ "fixed", LIVELOCK, EVERY_MODEL }));

/* A plain word: nothing for the hooks but the hint. */
ACTOR(spin_plain)
{
	USE;
	while (!*(volatile uint32_t *)&s->count)
		world_relax();
}

/* Stranded spinners are the judge's business. */
static int judge_spinning(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].stranded == 2 ? 1 : 0;
}
#define SPINS(id, why, ...)                                                                \
	CASE(id, .purpose = why, .state_size = sizeof(struct state), .prepare = prepare,   \
	     .judge = judge_spinning, .actor = { __VA_ARGS__ },                            \
	     OUTCOMES({ "gone", OK, NO_FAILURE, "it went on" },                            \
		      { "spun", BAD, LOST_ITEM, "it spins for ever" }),                    \
	     EXPECT({ "fixed", LOST_ITEM, EVERY_MODEL }))
SPINS(stranded_hint, "nobody ever sets it", { "spinner", spin_hint }, { "idle", nothing });
SPINS(stranded_yield, "nobody ever sets it, and one sets another",
      { "spinner", spin_yield }, { "setter", set_b });
SPINS(stranded_plain, "a loop around a plain word", { "spinner", spin_plain });
ACTOR(hint_then_b) { USE; spin_hint(state, me); set_b(state, me); }
/* pairs with: set_b() */
ACTOR(spin_b) { USE; while (load_acquire(&s->b) == 0) world_relax(); }
SPINS(stranded_chain, "two spinners, one of which waits for the other",
      { "first", hint_then_b }, { "second", spin_b }, { "idle", nothing });
SUBJECT(livelock_beside, "one of two spinners does not say that it waits",
	.actor = { { "spinner", spin_hint }, { "another", spin_swap } },
	EXPECT({ "fixed", LIVELOCK, EVERY_MODEL }));

/* Ends by itself after more reads than the explorer lets pass for a wait. */
ACTOR(spin_bounded)
{
	USE;
	for (int i = 0; i < 50; i++)
		/* relaxed: only a hint */
		if (load_relaxed(&s->a))
			return;
	me->got[0] = 1;
}
SUBJECT(wait_bounded, "a loop that gives up",
	.actor = { { "spinner", spin_bounded }, { "idle", nothing } });

ACTOR(lock_left_right)
{
	USE;
	mutex_lock(&s->left);
	mutex_lock(&s->right);
	mutex_unlock(&s->right);
	mutex_unlock(&s->left);
}
ACTOR(lock_right_left)
{
	USE;
	mutex_lock(&s->right);
	mutex_lock(&s->left);
	mutex_unlock(&s->left);
	mutex_unlock(&s->right);
}
SUBJECT(deadlock_order, "two locks in two orders",
	.actor = { { "a", lock_left_right }, { "b", lock_right_left } },
	EXPECT({ "fixed", DEADLOCK, EVERY_MODEL }));
SUBJECT(wait_locks, "two locks in one order",
	.actor = { { "a", lock_left_right }, { "b", lock_left_right } });

/* A mutex that forgets its sleepers: only the sleeping path shows it. */
static void bad_unlock(mutex *m)
{
	/* pairs with: mutex_lock() exchange */
	exchange_release(&m->state, MUTEX_FREE);
}
ACTOR(lock_badly)
{
	USE;
	mutex_lock(&s->left);
	s->count++;
	bad_unlock(&s->left);
}
SUBJECT(deadlock_no_wake, "unlocking wakes nobody",
	.actor = { { "a", lock_badly }, { "b", lock_badly } },
	EXPECT({ "fixed", DEADLOCK, EVERY_MODEL }));

/* Sleeps without comparing: the wake may have come before. */
ACTOR(sleep_careless)
{
	USE;
	/* relaxed: the mistake is another one */
	if (load_relaxed(&s->a) == 0)
		world_futex_wait(&s->b, 0, -1);
}
ACTOR(set_and_wake)
{
	USE;
	/* relaxed: as above */
	store_relaxed(&s->a, 1);
	world_futex_wake(&s->b, 1);
}
SUBJECT(deadlock_futex, "a wake between look and sleep",
	.actor = { { "sleeper", sleep_careless }, { "waker", set_and_wake } },
	EXPECT({ "fixed", DEADLOCK, EVERY_MODEL }));

ACTOR(sleep_note) { USE; note_sleep(&s->note); }
ACTOR(sleep_note_for) { USE; me->got[0] = !note_sleep_for(&s->note, 1000); }
ACTOR(wake_note) { USE; note_wakeup(&s->note); }
SUBJECT(wait_note, "a note",
	.actor = { { "sleeper", sleep_note }, { "waker", wake_note } });
SUBJECT(wait_timeout, "a note with a time-out: woken, or late",
	.actor = { { "sleeper", sleep_note_for }, { "waker", wake_note } });
SUBJECT(fatal_twice, "the target's own throw",
	.actor = { { "a", wake_note }, { "b", wake_note } },
	EXPECT({ "fixed", FATAL, EVERY_MODEL }));

ACTOR(crash) { USE; me->got[0] = *(volatile int *)(uintptr_t)(load_relaxed(&s->a) * 8); }
SUBJECT(crash_null, "a null pointer",
	.actor = { { "a", crash }, { "b", nothing } },
	EXPECT({ "fixed", CRASH, EVERY_MODEL }));

/* Globals are put back: the second execution finds what the first one found. */
static uint32_t visits;
ACTOR(visit) { USE; me->got[0] = visits++ != 0; }
static int judge_visit(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].got[0] ? -1 : 0;
}
CASE(globals_restored, .purpose = "a global written by an actor",
     .state_size = sizeof(struct state), .prepare = prepare, .judge = judge_visit,
     .actor = { { "a", visit }, { "b", nothing } }, ENDS);

static bool never(struct g *g, void *arg)
{
	(void)g;
	(void)arg;
	return true;
}
ACTOR(park_for_ever) { USE; runtime->park(never, NULL); }
static int judge_stranded(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].stranded ? 1 : 0;
}
CASE(stranded_judged, .purpose = "a parked actor is the judge's business",
     .state_size = sizeof(struct state), .prepare = prepare, .judge = judge_stranded,
     .actor = { { "a", park_for_ever }, { "b", nothing } },
     OUTCOMES({ "gone", OK, NO_FAILURE, "not parked" },
	      { "left", BAD, LOST_WAKEUP, "parked for ever" }),
     EXPECT({ "fixed", LOST_WAKEUP, EVERY_MODEL }));
/* The first schedule is fatal; the expected finding is the other one. */
ACTOR(fatal_or_stranded)
{
	USE;
	/* relaxed: either value will do */
	if (load_relaxed(&s->a) == 0)
		world_fatal("too early");
	runtime->park(never, NULL);
}
CASE(two_classes, .purpose = "two classes of finding in one case",
     .state_size = sizeof(struct state), .prepare = prepare, .judge = judge_stranded,
     .actor = { { "a", fatal_or_stranded }, { "setter", set_a } },
     OUTCOMES({ "gone", OK, NO_FAILURE, "not parked" },
	      { "left", BAD, LOST_WAKEUP, "parked for ever" }),
     EXPECT({ "fixed", LOST_WAKEUP, EVERY_MODEL }));
SUBJECT(unlisted_outcome, "the judge knows no outcome",
	.actor = { { "a", park_for_ever } },
	EXPECT({ "fixed", WRONG_OUTCOME, EVERY_MODEL }));
ACTOR(ready_running) { USE; runtime->ready(&me->g); }
SUBJECT(fatal_ready, "a goroutine readied that does not wait",
	.actor = { { "a", ready_running } },
	EXPECT({ "fixed", FATAL, EVERY_MODEL }));
