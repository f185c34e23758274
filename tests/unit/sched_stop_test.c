/* links: targets/sched targets/base/?*.c stress/world.c */
/* also: tsan */
/* The stopped world, and stacks that move meanwhile. */
#include "tests/unit/sched_run.h"

/* --- the stopped world --- */

static word32 stop_now;
static long plain; /* changed by all, read with the world stopped */
static mutex plain_lock;

static void busy(void *arg)
{
	(void)arg;
	while (!load_acquire(&stop_now)) {
		mutex_lock(&plain_lock);
		plain++;
		mutex_unlock(&plain_lock);
		syscall_enter();
		syscall_exit();
		go_yield();
	}
}

static void look(void *arg)
{
	fetch_add_relaxed((word32 *)arg, 1);
}

static void stop_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 16; i++)
		go(busy, NULL);
	for (int i = 0; i < 300; i++) {
		static word32 helpers;
		stop_the_world();
		long was = plain;
		store_relaxed(&helpers, 0);
		unsigned n = sched_help(3, look, &helpers);
		CHECK_EQ(n, load_relaxed(&helpers));
		CHECK_EQ(was, plain);
		start_the_world();
		go_yield();
	}
	store_release(&stop_now, 1);
}

TEST(world_stops_and_starts)
{
	for (unsigned procs = 1; procs <= 4; procs++) {
		word_init(&stop_now, 0);
		struct sched_counts counts = run(procs, stop_often, NULL);
		CHECK_EQ(counts.stops, 300);
	}
}

static void sleep_a_while(void *arg)
{
	go_sleep(1000000);
	count(arg);
}

/* Whoever waits for a timer finds no processor when the world is stopped. */
static void stop_until_it_woke(void *arg)
{
	long stops = 0;
	go(sleep_a_while, arg);
	for (; load_relaxed(&ran) == 0 && stops < 1000000; stops++) {
		stop_the_world();
		start_the_world();
		go_yield();
	}
	CHECK(stops < 1000000);
}

TEST(timers_fire_though_the_world_is_stopped_all_the_time)
{
	for (unsigned i = 0; i < 30; i++) {
		word_init(&ran, 0);
		run(2, stop_until_it_woke, (void *)1);
	}
}

/* --- stacks --- */

static long recurse(int n)
{
	char frame[100];
	stack_need(sizeof frame + 64);
	memset(frame, n, sizeof frame);
	long sum = n > 0 ? recurse(n - 1) : 0;
	/* The compiler must not drop the frame. */
	__asm__ volatile("" : : "r"(frame) : "memory");
	CHECK_EQ(frame[99], (char)n);
	return sum + frame[n % 100];
}

static void deep(void *arg)
{
	for (int i = 0; i < 20; i++) {
		recurse(1000);
		go_yield();
	}
	count(arg);
}

static void shrinker(void *arg)
{
	struct sched *s = sched_current();
	for (int i = 0; i < 8; i++)
		go(deep, arg);
	for (int i = 0; i < 100; i++) {
		unsigned n;
		stop_the_world();
		struct G *const *all = all_goroutines(s, &n);
		for (unsigned k = 0; k < n; k++)
			g_shrink(all[k]);
		start_the_world();
		go_yield();
	}
	CHECK(load_relaxed(&s->stacks.moves) > 0);
}

TEST(stacks_grow_and_shrink)
{
	word_init(&ran, 0);
	run(2, shrinker, (void *)1);
	CHECK_EQ(load_relaxed(&ran), 8);
}

static void overflow(void *arg)
{
	(void)arg;
	recurse(100000);
}

TEST(overflow_is_told)
{
	CHECK_DIES(run(1, overflow, NULL), "stack overflow");
}

__attribute__((noinline)) static long recurse_unasked(volatile long *above)
{
	volatile long here = *above + 1;
	return here ? recurse_unasked(&here) + here : 0;
}

static void overflow_unasked(void *arg)
{
	volatile long zero = 0;
	(void)arg;
	recurse_unasked(&zero);
}

TEST(overflow_hits_the_guard)
{
	CHECK_DIES(run(1, overflow_unasked, NULL), "fatal: stack overflow: goroutine");
}
