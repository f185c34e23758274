/* Stacks against what they should have: opened, grown, shrunk, closed, trimmed
 * and used again, with the bytes on them kept and all backing accounted for. */
#include <errno.h>
#include <string.h>

#include "checks/must.h"
#include "checks/peek.h"
#include "sched/stack.h"

enum { WINDOWS = 3, STACKS = 8, MOST = 64 << 10, USED = 200 };

struct state {
	struct stacks all;
	struct gstack stack[STACKS];
};

static size_t backing_of(const struct gstack *s)
{
	return (size_t)(s->top - s->low);
}

static void held(const struct stacks *all, size_t bytes)
{
	must(stacks_held(all) == bytes, "backing is counted wrong");
}

/* What stands there, in use or not. */
static UNSEEN char byte_at(const char *at)
{
	settle();
	return *(const volatile char *)at;
}

/* Writes to the upper bytes of a stack, as whoever runs there would. */
static char *fill(struct gstack *s, char stamp)
{
	memset(s->top - USED, stamp, USED);
	return s->top - USED;
}

static void kept(const struct gstack *s, char stamp)
{
	for (int i = 1; i <= USED; i++)
		must(s->top[-i] == stamp, "a stack lost what was on it");
}

static void grow_and_shrink(struct stacks *all, struct gstack *s)
{
	size_t least = all->least, others = stacks_held(all) - least;
	char *sp = fill(s, 7);
	must(stack_used(s, sp) == USED, "use is counted wrong");
	must(stack_has(s, sp, least - USED - STACK_MARGIN) &&
		     !stack_has(s, sp, least - USED - STACK_MARGIN + 1), "room is counted wrong");
	/* relaxed, here and below: nobody else is there */
	uint64_t moves = load_relaxed(&all->moves);
	must(stack_grow(s, sp, least - USED - STACK_MARGIN) == 0 && backing_of(s) == least,
	     "a stack grew without need");
	must(load_relaxed(&all->moves) == moves, "a stack moved without need");
	must(stack_grow(s, sp, least) == 0 && backing_of(s) == 2 * least, "a stack did not double");
	kept(s, 7);
	held(all, others + 2 * least);
	must(stack_grow(s, sp, 8 * least - USED - STACK_MARGIN + 1) == -EOVERFLOW,
	     "a stack grew beyond the most");
	must(stack_grow(s, sp, 8 * least - USED - STACK_MARGIN) == 0, "a stack did not grow");
	must(backing_of(s) == 8 * least, "a stack grew to another size");
	must(load_relaxed(&all->moves) == moves + 2, "moves are counted wrong");
	kept(s, 7);
	must(stack_wanted(s, s->top - 2 * least) == 8 * least, "a quarter in use is enough");
	must(stack_wanted(s, s->top - 2 * least + 8) == 4 * least, "less than a quarter is not");
	for (size_t bytes = 4 * least; bytes >= least; bytes /= 2) {
		char *low = s->low;
		*low = 9;
		must(stack_shrink(s, sp) && backing_of(s) == bytes, "a stack was not halved");
		must(byte_at(low) != 9, "memory was not given back");
		kept(s, 7);
		held(all, others + bytes);
	}
	must(!stack_shrink(s, sp), "the smallest stack shrank");
	must(load_relaxed(&all->moves) == moves + 5, "moves are counted wrong");
}

static void open_all(struct stacks *all, struct gstack *stack)
{
	for (int i = 0; i < STACKS; i++) {
		must(stack_open(all, &stack[i]) == 0, "a stack was not opened");
		must(backing_of(&stack[i]) == all->least && stack[i].all == all,
		     "a new stack has another size");
		must(stack_base(&stack[i]) + stack_window(&stack[i]) == stack[i].top,
		     "a stack is not at its window's end");
		for (int k = 0; k < i; k++)
			must(stack[k].top != stack[i].top, "two stacks have one window");
	}
	/* relaxed: nobody else is there */
	must(load_relaxed(&all->open) == STACKS, "open stacks are counted wrong");
}

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	struct stacks *all = &st->all;
	memset(all, 0xa5, sizeof *all);
	stacks_init(all, MOST, WINDOWS);
	must(all->most == MOST && all->window > MOST, "sizes are wrong");
	open_all(all, st->stack);
	held(all, STACKS * all->least);
	grow_and_shrink(all, &st->stack[1]);
	must(stack_grow(&st->stack[2], fill(&st->stack[2], 1), all->least) == 0, "no growth");
	char *top[STACKS];
	unsigned with_backing = 0;
	for (int i = 0; i < STACKS; i++) {
		top[i] = st->stack[i].top;
		top[i][-USED] = 9;
		stack_close(&st->stack[i]);
		must(!st->stack[i].top && all->frees == (size_t)i + 1, "a stack is not closed");
	}
	held(all, STACKS * all->least);
	must(stacks_trim(all, STACKS) == 0 && stacks_trim(all, 3) == STACKS - 3 &&
		     all->frees == 3 && all->bares == STACKS - 3, "trimmed to another number");
	for (int i = 0; i < STACKS; i++)
		with_backing += byte_at(top[i] - USED) == 9;
	must(with_backing == 3, "memory was not given back, or more than that");
	held(all, 3 * all->least);
	open_all(all, st->stack);
	must(all->frees == 0 && all->bares == 0, "closed windows are not used again");
	held(all, STACKS * all->least);
	for (int i = 0; i < STACKS; i++)
		stack_close(&st->stack[i]);
	/* relaxed: nobody else is there */
	must(load_relaxed(&all->open) == 0, "open stacks are counted wrong");
	stacks_end(all);
	came_through(me);
}

CASE(stacks,
     .purpose = "stacks opened, grown, shrunk, closed, trimmed and used again",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
