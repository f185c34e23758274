/* Cases: one small race over a target's real code.
 *
 * Two to four actors run once (a round) on one state, then a judge names the
 * outcome. A case is one file; its declaration stands at the bottom:
 *
 *   CASE(close_vs_block,
 *        .purpose = "...",
 *        .state_size = sizeof(struct state),
 *        .actor = { { "blocker", blocker }, { "closer", closer } },
 *        .prepare = prepare, .judge = judge,
 *        OUTCOMES({ "woken", OK, NO_FAILURE, "parked, and the closer woke it" }, ...),
 *        EXPECT({ "BUG_X", LOST_WAKEUP, TSO | C11 }, ...));
 *
 * Nothing lists cases: CASE leaves a pointer in a linker section and every
 * runner (stress/, fuzz/) walks that section.
 */
#ifndef BASE_CASE_H
#define BASE_CASE_H

#include <stddef.h>
#include <string.h>

#include "base/failure.h"
#include "base/goroutine.h"

enum { MAX_ACTORS = 4, MAX_SLOTS = 6, MAX_OUTCOMES = 16 };

/* What one goroutine leaves of one round. Slots 0 .. actors-1 are the actors',
 * the next `passive` ones stand for goroutines that wait from the start
 * (prepare has published them where they wait; their g is G_WAITING) and only
 * can be readied. */
struct slot {
	_Alignas(64) struct g g;
	long got[5];       /* free for the actor; the judge reads it */
	/* Why it did not return: 1: parked, 2: spinning through world_relax()
	 * or world_yield(), when nobody was left to change that. A spinner is
	 * given further looks before, some hundred: a loop with a bound below
	 * that ends by itself. Who sleeps on a futex for ever, or waits for a
	 * lock, ends the round as a `deadlock` without the judge. */
	uint32_t stranded;
};

enum grade {
	OK,   /* allowed */
	NEAR, /* allowed, and both actors were inside the window: aim steers by these */
	BAD   /* a finding of class .failure */
};

struct outcome {
	const char *name;
	enum grade grade;
	enum failure failure;
	const char *meaning; /* one sentence */
};

/* A world_fatal(message) is this outcome; one that no case lists is `fatal`. */
struct thrown {
	const char *message;
	int outcome; /* its index */
};

/* Variant `variant` must be caught with `failure` where the memory model in
 * force is one of `models`, and must stay quiet elsewhere. A DATA_RACE is for
 * the lanes with a race detector, a MEMORY_ERROR for the one with an address
 * sanitizer. A variant without an expectation must stay
 * quiet everywhere. */
struct expectation {
	const char *variant;
	enum failure failure;
	unsigned models;
};

struct actor {
	const char *name;
	void (*run)(void *state, struct slot *me);
};

struct test_case {
	const char *target, *name, *layout, *file, *purpose;
	size_t state_size;
	size_t state_align; /* where it is more than a pointer's: _Alignof; else 0 */
	struct actor actor[MAX_ACTORS + 1]; /* ends at the first without a name */
	unsigned passive;
	/* A run of the whole runtime, for the explorer only: actors start
	 * threads of their own, and the judge is asked even where one waits for
	 * ever on a futex or for a thread (stranded). */
	bool whole;
	/* Makes a state ready for a round. The slots are already in order
	 * (actors' g running, passive ones' waiting, got[] zero); the memory of
	 * the state holds an earlier round or zeroes. Runs alone, never blocks.
	 */
	void (*prepare)(void *state, struct slot *slots);
	/* Runs once per round when nothing can move any more: every actor has
	 * returned or is stranded. Returns the index of an outcome, or -1 for
	 * one that is not listed (`wrong_outcome`). Changes nothing. */
	int (*judge)(const void *state, const struct slot *slots);
	const struct outcome *outcomes; /* end at the first without a name */
	const struct expectation *expect; /* end at the first without a variant */
	const struct thrown *thrown; /* NULL, or ends at the first without a message */
};

#define OUTCOMES(...) .outcomes = (const struct outcome[]){ __VA_ARGS__, { 0 } }
#define THROWN(...) .thrown = (const struct thrown[]){ __VA_ARGS__, { 0 } }
#define EXPECT(...) .expect = (const struct expectation[]){ __VA_ARGS__, { 0 } }

/* Hot fields of a target's structs may be spread over cache lines of their own:
 * one lever of aim. Both layouts of a target are linked into one runner. */
#ifdef LAYOUT_SPREAD
#define HOT _Alignas(128)
#define LAYOUT "spread"
#else
#define HOT
#define LAYOUT "natural"
#endif

/* The name is also an external symbol, so that two cases of one name do not
 * link. */
#define CASE(id, ...)                                                                    \
	extern const struct test_case case_##id;                                         \
	const struct test_case case_##id = { .target = TARGET,                           \
					     .name = #id,                                \
					     .layout = LAYOUT,                           \
					     .file = __FILE__,                           \
					     __VA_ARGS__ };                              \
	__attribute__((used, section("stormrig_cases"))) static const struct test_case  \
		*const case_entry_##id = &case_##id

/* The index of the outcome that a world_fatal(message) comes to, or -1. */
/* unreached: asked by the runners of cases */
static inline int case_thrown(const struct test_case *c, const char *message)
{
	for (const struct thrown *t = c->thrown; t && t->message; t++)
		if (strcmp(t->message, message) == 0)
			return t->outcome;
	return -1;
}

extern const struct test_case *const __start_stormrig_cases[];
extern const struct test_case *const __stop_stormrig_cases[];

static inline unsigned case_actors(const struct test_case *c)
{
	unsigned n = 0;
	/* unreached: no case has so many */
	while (n < MAX_ACTORS && c->actor[n].name)
		n++;
	return n;
}

static inline unsigned case_slots(const struct test_case *c)
{
	return case_actors(c) + c->passive;
}

#endif
