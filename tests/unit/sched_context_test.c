/* links: targets/sched/context.c stress/world.c */
/* also: tsan */
/* Contexts: that they go on where they stopped, and how they end. */
#include <execinfo.h>

#include "base/world.h"
#include "sched/context.h"
#include "tests/unit/check.h"

enum { STACK = 64 << 10 };

static struct context home; /* the test's own thread */

static void *new_stack(void)
{
	return world_map(STACK);
}

static void free_stack(void *low)
{
	world_unmap(low, STACK);
}

/* --- switching --- */

enum { MANY = 1000, TURNS = 50 };

static struct worker {
	struct context context;
	void *stack;
	unsigned id, turns;
} many[MANY];

static void count_turns(void *arg)
{
	struct worker *w = arg;
	for (;;) {
		w->turns++;
		context_switch(&w->context, &home);
	}
}

static void make_many(void (*entry)(void *))
{
	for (unsigned i = 0; i < MANY; i++) {
		many[i].id = i;
		many[i].turns = 0;
		many[i].stack = new_stack();
		context_make(&many[i].context, many[i].stack, STACK, entry, &many[i]);
	}
}

static void drop_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		context_drop(&many[i].context);
		free_stack(many[i].stack);
	}
}

static struct worker pair[2];

static void make_pair(void (*entry)(void *))
{
	for (unsigned i = 0; i < 2; i++) {
		pair[i].id = i;
		pair[i].turns = 0;
		pair[i].stack = new_stack();
		context_make(&pair[i].context, pair[i].stack, STACK, entry, &pair[i]);
	}
}

static void free_pair(void)
{
	free_stack(pair[0].stack);
	free_stack(pair[1].stack);
}

#ifdef CONTEXT_TSAN
/* The race detector's broken subject: a context is taken up by another thread
 * with nothing that says it has stopped. */
static void take_up(void *arg)
{
	struct worker *w = arg;
	struct context other = { 0 };
	while (!*(unsigned volatile *)&w->turns || !*(void *volatile *)&w->context.sp)
		world_yield();
	context_switch(&other, &w->context);
}

static void race_for_a_context(void)
{
	world_thread thread;
	make_pair(count_turns);
	world_thread_start(&thread, take_up, &pair[0]);
	context_switch(&home, &pair[0].context);
	world_thread_join(thread);
}

/* First: no thread has been started yet. */
TEST(a_context_taken_too_early_is_a_race)
{
	CHECK_DIES(race_for_a_context(); _exit(66), "data race");
}
#endif

TEST(many_contexts_take_turns)
{
	make_many(count_turns);
	for (unsigned turn = 0; turn < TURNS; turn++)
		for (unsigned i = 0; i < MANY; i++)
			context_switch(&home, &many[(i * 7) % MANY].context);
	for (unsigned i = 0; i < MANY; i++)
		CHECK_EQ(many[i].turns, TURNS);
	drop_many();
}

/* Each frame holds its depth across a switch. */
static unsigned deep(struct worker *w, unsigned depth)
{
	volatile unsigned here[8] = { depth, depth + 1 };
	unsigned below = depth ? deep(w, depth - 1) : 0;
	if (depth % 16 == 0)
		context_switch(&w->context, &home);
	return here[0] == depth && here[1] == depth + 1 ? below + 1 : 0;
}

static void go_deep(void *arg)
{
	struct worker *w = arg;
	w->turns = deep(w, 128);
	context_end(&w->context, &home);
}

TEST(frames_live_while_others_run)
{
	make_many(go_deep);
	for (unsigned turn = 0; turn < 128 / 16 + 2; turn++)
		for (unsigned i = 0; i < MANY; i++)
			context_switch(&home, &many[i].context);
	for (unsigned i = 0; i < MANY; i++) {
		CHECK_EQ(many[i].turns, 129);
		free_stack(many[i].stack);
	}
}

/* --- ending --- */

static unsigned lives;

static void live_once(void *arg)
{
	struct worker *w = arg;
	lives++;
	context_end(&w->context, &home);
}

/* ThreadSanitizer knows 8,128 threads and fibers at once. */
enum { LIVES = 10000 };

TEST(an_ended_context_leaves_nothing)
{
	make_pair(live_once);
	for (unsigned i = 0; i < LIVES; i++) {
		context_switch(&home, &pair[0].context);
		context_make(&pair[0].context, pair[0].stack, STACK, live_once, &pair[0]);
	}
	CHECK_EQ(lives, LIVES);
	context_drop(&pair[0].context);
	context_drop(&pair[1].context);
	free_pair();
}

static void return_at_once(void *arg)
{
	(void)arg;
}

/* Made in the child: after a fork ThreadSanitizer follows no stacks of the
 * parent's. */
static void return_from_entry(void)
{
	make_pair(return_at_once);
	context_switch(&home, &pair[0].context);
}

static void go_on_after_the_end(void)
{
	make_pair(live_once);
	context_switch(&home, &pair[0].context);
	context_switch(&home, &pair[0].context);
}

TEST(misuse_is_fatal)
{
	CHECK_DIES(return_from_entry(), "entry returned");
	CHECK_DIES(go_on_after_the_end(), "has ended");
	CHECK_DIES(context_switch(&home, &home), "a context that runs");
}

static int frames;
static void *frame[64];

__attribute__((noinline)) static int look_back(unsigned depth)
{
	return depth ? look_back(depth - 1) + 1 : (frames = backtrace(frame, 64));
}

static void show_frames(void *arg)
{
	struct worker *w = arg;
	look_back(0);
	context_end(&w->context, &home);
}

TEST(a_backtrace_ends_where_the_context_began)
{
	make_pair(show_frames);
	context_switch(&home, &pair[0].context);
	CHECK(frames >= 3);
	CHECK(frames < 10);
	context_drop(&pair[1].context);
	free_pair();
}
