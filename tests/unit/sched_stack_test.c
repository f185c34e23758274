/* links: targets/sched/stack.c targets/sched/context.c */
/* links: targets/base/lock.c stress/world.c */
/* also: tsan */
/* Stacks: moves, what they keep and release, overflows, how many there can
 * be. */
#include <errno.h>

#include "sched/canary.h"
#include "sched/stack.h"
#include "stress/world.h"
#include "tests/unit/check.h"

enum { AT_ONCE = 64, MOST = 16 * STACK_MARGIN, LARGEST = 64 * STACK_MARGIN };

static struct stacks all;
static struct context home;

static struct routine {
	struct context context;
	struct gstack stack;
	int asked; /* room that home is to make; 0: none */
	uint64_t turn;
	bool right;
} one;

static void start(struct routine *r, void (*fn)(void *))
{
	CHECK_EQ(stack_open(&all, &r->stack), 0);
	context_make(&r->context, stack_base(&r->stack), stack_window(&r->stack), fn, r);
	r->turn = 0;
	r->right = true;
}

static void leave(struct routine *r)
{
	context_switch(&r->context, &home);
}

/* What stack_need() is with a scheduler. */
static void need(struct routine *r, size_t bytes)
{
	if (stack_has(&r->stack, __builtin_frame_address(0), bytes))
		return;
	r->asked = (int)bytes;
	leave(r);
}

/* Runs r until it leaves for another reason than room. Returns what the last
 * growth said. */
static int run(struct routine *r)
{
	int result = 0;
	do {
		r->asked = 0;
		context_switch(&home, &r->context);
		if (r->asked)
			result = stack_grow(&r->stack, r->context.sp, (size_t)r->asked);
	} while (r->asked && result == 0);
	return result;
}

static size_t size_of(const struct gstack *s)
{
	return (size_t)(s->top - s->low);
}

/* --- moves --- */

/* A canary per frame, checked on the way back. */
__attribute__((noinline)) static void recurse(struct routine *r, unsigned depth)
{
	struct canary c;
	need(r, 4 * sizeof c);
	canary_set(&c, r->turn + depth);
	if (depth > 0)
		recurse(r, depth - 1);
	else
		leave(r);
	r->right &= canary_holds(&c, r->turn + depth);
}

static unsigned depth_of_frames;

static void deep_and_back(void *arg)
{
	struct routine *r = arg;
	for (;; r->turn++) {
		recurse(r, depth_of_frames);
		leave(r);
	}
}

static void begin(size_t most)
{
	stacks_init(&all, most, AT_ONCE);
	depth_of_frames = STACK_MARGIN / 16;
}

TEST(growing_and_shrinking_keep_what_is_in_use)
{
	begin(LARGEST);
	start(&one, deep_and_back);
	for (unsigned turn = 0; turn < 20; turn++) {
		CHECK_EQ(run(&one), 0); /* at the bottom */
		CHECK(size_of(&one.stack) > 2 * all.least);
		/* In use, at the bottom: stays. */
		CHECK(!stack_shrink(&one.stack, one.context.sp));
		CHECK_EQ(run(&one), 0); /* back at the top */
		unsigned halvings = 0;
		while (stack_shrink(&one.stack, one.context.sp))
			halvings++;
		CHECK(halvings >= 2);
		CHECK_EQ(size_of(&one.stack), all.least);
	}
	CHECK(one.right);
	CHECK(load_relaxed(&all.moves) >= 20 * 4);
	CHECK_EQ(stacks_held(&all), size_of(&one.stack));
	context_drop(&one.context);
	stack_close(&one.stack);
	CHECK_EQ(stacks_held(&all), all.least);
	stacks_end(&all);
}

/* Pages are exchanged, not only resized: what was below the part in use is gone
 * with the old ones. */
TEST(a_move_is_a_move)
{
	begin(LARGEST);
	start(&one, deep_and_back);
	CHECK_EQ(run(&one), 0);
	CHECK_EQ(run(&one), 0);
	char *below = (char *)one.context.sp - all.least / 2;
	memset(below, 0x77, 64);
	CHECK(stack_shrink(&one.stack, one.context.sp));
	CHECK_EQ(*below, 0);
	context_drop(&one.context);
	stack_close(&one.stack);
	stacks_end(&all);
}

/* The canaries' broken subject: a goroutine that runs while its stack is
 * copied. */
static void write_turns(void *arg)
{
	struct routine *r = arg;
	struct canary c;
	for (canary_set(&c, r->turn);; canary_set(&c, ++r->turn)) {
		leave(r);
		r->right &= canary_holds(&c, r->turn);
	}
}

TEST(a_write_during_a_move_is_lost_and_seen)
{
	begin(LARGEST);
	start(&one, write_turns);
	CHECK_EQ(run(&one), 0);
	void *copy = stack_copy(&one.stack, one.context.sp, 2 * all.least);
	CHECK(stack_exchange(&one.stack, copy, 2 * all.least));
	CHECK_EQ(run(&one), 0);
	CHECK(one.right);
	copy = stack_copy(&one.stack, one.context.sp, all.least);
	CHECK_EQ(run(&one), 0);
	CHECK(one.right);
	CHECK(stack_exchange(&one.stack, copy, all.least));
	CHECK_EQ(run(&one), 0);
	CHECK(!one.right);
	context_drop(&one.context);
	stack_close(&one.stack);
	stacks_end(&all);
}

/* --- limits --- */

static void recurse_for_ever(void *arg)
{
	recurse(arg, UINT32_MAX);
}

TEST(there_is_a_largest_stack)
{
	begin(MOST);
	start(&one, recurse_for_ever);
	CHECK_EQ(run(&one), -EOVERFLOW);
	CHECK_EQ(size_of(&one.stack), all.most);
	context_drop(&one.context);
	stack_close(&one.stack);
	stacks_end(&all);
}

static const char *explain(const void *address)
{
	return stack_overflowed(&one.stack, address) ? "that was too deep" : NULL;
}

__attribute__((noinline)) static uint64_t recurse_unasked(volatile uint64_t *above)
{
	volatile uint64_t here = *above + 1;
	return here ? recurse_unasked(&here) + here : 0;
}

static void overflow(void *arg)
{
	volatile uint64_t zero = 0;
	struct routine *r = arg;
	world_small_stacks(explain);
	r->turn = recurse_unasked(&zero);
}

/* More than the goroutine's stack has. */
static void many_words(const char *message)
{
	volatile char room[3 * STACK_MARGIN / 2] = { 0 };
	fprintf(stderr, "%s!%c\n", message, room[0]);
}

static void die_deep(void *arg)
{
	(void)arg;
	world_small_stacks(explain);
	world_last_words = many_words;
	world_fatal("said on another stack");
}

static void crash(void *arg)
{
	world_small_stacks(explain);
	*(volatile char *)(uintptr_t)((struct routine *)arg)->turn = 1;
}

static void run_new(void (*fn)(void *))
{
	begin(MOST);
	start(&one, fn);
	run(&one);
}


TEST(an_overflow_is_told_from_a_crash)
{
	CHECK_DIES(run_new(overflow), "fatal: that was too deep");
	CHECK_DIES(run_new(die_deep), "said on another stack!");
	CHECK_DIES(run_new(crash), "");
}

/* --- many --- */

static int mappings(void)
{
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	CHECK(f != NULL);
	for (int c; (c = getc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

enum { MANY = 1000 };
static struct gstack many[MANY];

/* As if half the backing were in use. */
static void grow(struct gstack *s)
{
	const char *sp = s->top - 256;
	CHECK_EQ(stack_grow(s, sp, all.least), 0);
}

/* ThreadSanitizer has mappings of its own for each. */
#ifdef CONTEXT_TSAN
enum { TOOLS = 4 * MANY };
#else
enum { TOOLS = 0 };
#endif

TEST(two_mappings_each)
{
	stacks_init(&all, MOST, AT_ONCE);
	int before = mappings(), slack = 2 * MANY / AT_ONCE + 20 + TOOLS;
	for (unsigned i = 0; i < MANY; i++)
		CHECK_EQ(stack_open(&all, &many[i]), 0);
	CHECK(mappings() - before <= 2 * MANY + slack);
	for (unsigned i = 0; i < MANY; i++)
		grow(&many[i]);
	CHECK(mappings() - before <= 2 * MANY + slack);
	for (unsigned i = 0; i < MANY; i++)
		CHECK(stack_shrink(&many[i], many[i].top - 64));
	CHECK(mappings() - before <= 2 * MANY + slack);
	CHECK_EQ(load_relaxed(&all.moves), 2 * MANY);
	CHECK_EQ(stacks_held(&all), MANY * all.least);
	for (unsigned i = 0; i < MANY; i++)
		stack_close(&many[i]);
	CHECK_EQ(stacks_held(&all), MANY * all.least);
	CHECK_EQ(stacks_trim(&all, 3), MANY - 3);
	CHECK_EQ(stacks_held(&all), 3 * all.least);
	CHECK(mappings() - before <= slack);
	for (unsigned i = 0; i < MANY; i++) {
		CHECK_EQ(stack_open(&all, &many[i]), 0);
		memset(many[i].low, 1, all.least); /* it is there */
	}
	CHECK_EQ(stacks_held(&all), MANY * all.least);
	CHECK_EQ(all.bares, 0);
	for (unsigned i = 0; i < MANY; i++)
		stack_close(&many[i]);
	CHECK_DIES(stack_open(&all, &many[0]); stacks_end(&all), "one is open");
	stacks_end(&all);
	CHECK(mappings() - before <= slack);
}

TEST(windows_are_used_again)
{
	begin(MOST);
	CHECK_EQ(stack_open(&all, &many[0]), 0);
	CHECK_EQ(stack_open(&all, &many[1]), 0);
	char *top = many[0].top;
	grow(&many[0]);
	stack_close(&many[0]);
	CHECK_EQ(stacks_held(&all), 2 * all.least);
	CHECK_EQ(stack_open(&all, &many[2]), 0);
	CHECK(many[2].top == top);
	CHECK_EQ(size_of(&many[2]), all.least);
	stack_close(&many[1]);
	stack_close(&many[2]);
	stacks_end(&all);
}
