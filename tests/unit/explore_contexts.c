/* Subjects of contexts inside the explorer's own fibers: a target that switches
 * stacks itself is followed across its switches, also to another thread. Named
 * as in explore_races.c.
 */
#include <string.h>

#include "base/case.h"
#include "base/world.h"
#include "sched/context.h"

enum { STACK = 64 << 10 };

struct state {
	struct context routine;
	struct context *home; /* of whoever runs the routine */
	word32 stopped;       /* 1: it has stopped, and may be taken up */
	uint32_t data;
};

/* Of the routine: none of the state, which is cleared for each execution. */
static _Alignas(16) char stack[STACK];

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(s, 0, sizeof *s);
	word_init(&s->stopped, 0);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	return slots[1].got[0] ? (s->data == 2 ? 1 : -1) : (s->data == 1 ? 0 : -1);
}

static void write_twice(void *arg)
{
	struct state *s = arg;
	s->data++;
	context_switch(&s->routine, s->home);
	s->data++;
	context_end(&s->routine, s->home);
}

static void go_on(struct state *s)
{
	struct context here = { 0 };
	s->home = &here;
	context_switch(&here, &s->routine);
}

static void begin(struct state *s)
{
	context_make(&s->routine, stack, STACK, write_twice, s);
	go_on(s);
}

#define ACTOR(name) static void name(void *state, struct slot *me)
#define USE struct state *s = state; (void)me

/* pairs with: take_acquire() — the routine as it stopped */
ACTOR(begin_release) { USE; begin(s); store_release(&s->stopped, 1); }
/* relaxed: the subject's fault */
ACTOR(begin_relaxed) { USE; begin(s); store_relaxed(&s->stopped, 1); }

ACTOR(take_acquire)
{
	USE;
	/* pairs with: begin_release() */
	me->got[0] = load_acquire(&s->stopped);
	if (me->got[0])
		go_on(s);
}

#define CONTEXTS(...)                                                                       \
	.state_size = sizeof(struct state), .prepare = prepare, .judge = judge, __VA_ARGS__, \
	OUTCOMES({ "begun", OK, NO_FAILURE, "the other came too early" },                   \
		 { "ended", OK, NO_FAILURE, "the other took it up and saw it end" })

CASE(ordered_contexts, .purpose = "a routine goes on in another thread",
     CONTEXTS(.actor = { { "beginner", begin_release }, { "other", take_acquire } }));
CASE(race_contexts, .purpose = "a routine goes on, and nothing says that it has stopped",
     CONTEXTS(.actor = { { "beginner", begin_relaxed }, { "other", take_acquire } }),
     EXPECT({ "fixed", DATA_RACE, EVERY_MODEL }));
