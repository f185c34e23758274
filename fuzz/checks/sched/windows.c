/* Stacks, more than one region or list has room for: each keeps what is its
 * own, and what the system refuses changes nothing. */
#include <errno.h>
#include <string.h>

#include "checks/must.h"
#include "sched/stack.h"
#include "world.h"

enum { MANY = 1100, AT_ONCE = 16, MOST = 64 << 10, USED = 256, DIRT = 0xa5 };

struct state {
	struct stacks all;
	struct gstack stack[MANY];
};

static void stamp(struct gstack *s, int i)
{
	memcpy(s->low, &i, sizeof i);
	memcpy(s->top - sizeof i, &i, sizeof i);
}

static void must_be_stamped(const struct gstack *s, int i)
{
	must(memcmp(s->low, &i, sizeof i) == 0 && memcmp(s->top - sizeof i, &i, sizeof i) == 0,
	     "two stacks share memory");
}

static void held(const struct stacks *all, size_t stacks)
{
	must(stacks_held(all) == stacks * all->least, "backing is counted wrong");
}

static void open_many(struct state *s)
{
	for (int i = 0; i < MANY; i++) {
		must(stack_open(&s->all, &s->stack[i]) == 0, "a stack was not opened");
		stamp(&s->stack[i], i);
	}
	for (int i = 0; i < MANY; i++)
		must_be_stamped(&s->stack[i], i);
	held(&s->all, MANY);
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->all.open) == MANY, "open stacks are counted wrong");
}

/* Each window is used again once, with and without its backing. */
static void again_and_again(struct state *s)
{
	for (int keep = 0; keep < MANY; keep += MANY / 2) {
		unsigned regions = world_regions();
		for (int i = 0; i < MANY; i++)
			stack_close(&s->stack[i]);
		must(s->all.frees == MANY, "closed stacks are counted wrong");
		must(stacks_trim(&s->all, MANY) == 0, "what is kept was trimmed");
		must(stacks_trim(&s->all, (size_t)keep) == MANY - (size_t)keep &&
			     s->all.frees == (size_t)keep && s->all.bares == MANY - (size_t)keep,
		     "trimmed to another number");
		held(&s->all, (size_t)keep);
		open_many(s);
		must(s->all.frees == 0 && s->all.bares == 0, "windows are not used again");
		must(world_regions() <= regions + 1, "windows are reserved without need");
	}
}

/* A stack that is refused is not open, and the next one is. */
static void refuse_open(struct state *s)
{
	unsigned refused = 0;
	for (int i = 0; i <= AT_ONCE; i++) {
		struct gstack *g = &s->stack[i];
		for (unsigned nth = 1;; nth++) {
			unsigned regions = world_regions();
			world_refuse(nth);
			int error = stack_open(&s->all, g);
			must((error == -ENOMEM) == world_was_refused() && error <= 0,
			     "a refusal was not told");
			world_refuse(0);
			if (error == 0)
				break;
			refused++;
			held(&s->all, (size_t)i);
			/* relaxed: nobody else is there */
			must(load_relaxed(&s->all.open) == (uint32_t)i, "what is not open counts");
			must(world_regions() <= regions + (nth == 3), "a region is left");
		}
		stamp(g, i);
	}
	must(refused > AT_ONCE, "too little was refused");
	for (int i = 0; i <= AT_ONCE; i++) {
		must_be_stamped(&s->stack[i], i);
		stack_close(&s->stack[i]);
	}
}

/* A stack that cannot be moved is as it was. */
static void refuse_move(struct state *s)
{
	struct gstack *g = &s->stack[MANY / 2];
	size_t bytes = (size_t)(g->top - g->low);
	uint64_t before = stacks_held(&s->all);
	char *sp = g->top - USED;
	unsigned regions = world_regions();
	memset(sp, 3, USED);
	world_refuse(1);
	must(stack_grow(g, sp, 2 * bytes) == -ENOMEM && world_was_refused(),
	     "a refusal was not told");
	world_refuse(0);
	must((size_t)(g->top - g->low) == bytes && stacks_held(&s->all) == before &&
		     world_regions() == regions, "a move that was refused changed something");
	must(stack_grow(g, sp, 2 * bytes) == 0 && world_regions() == regions, "a refusal lasts");
	for (int i = 0; i < USED; i++)
		must(sp[i] == 3, "a stack lost what was on it");
	bytes = (size_t)(g->top - g->low);
	world_refuse(1);
	must(!stack_shrink(g, sp) && (size_t)(g->top - g->low) == bytes, "it shrank all the same");
	world_refuse(0);
	must(world_regions() == regions, "a move that was refused changed something");
}

static void overflows(const struct gstack *s)
{
	const char *base = stack_base(s);
	must(base + stack_window(s) == s->top, "a window ends elsewhere");
	must(stack_overflowed(s, base) && stack_overflowed(s, s->low - 1), "no overflow");
	must(!stack_overflowed(s, base - 1) && !stack_overflowed(s, s->low) &&
		     !stack_overflowed(s, s->top - 1) && !stack_overflowed(s, s->top),
	     "an overflow that is none");
	must(!stack_overflowed(&(struct gstack){ .all = s->all }, base), "nobody's overflow");
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	memset(&s->all, DIRT, sizeof s->all);
	stacks_init(&s->all, MOST, AT_ONCE);
	open_many(s);
	again_and_again(s);
	overflows(&s->stack[7]);
	refuse_move(s);
	for (int i = 0; i < MANY; i++)
		stack_close(&s->stack[i]);
	stacks_trim(&s->all, 0);
	held(&s->all, 0);
	stacks_end(&s->all);
	must(world_regions() == 0, "memory was not given back");
	memset(&s->all, DIRT, sizeof s->all);
	stacks_init(&s->all, MOST, AT_ONCE);
	refuse_open(s);
	stacks_end(&s->all);
	came_through(me);
}

CASE(windows,
     .purpose = "more stacks than a region or a list has room for, and refusals",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
