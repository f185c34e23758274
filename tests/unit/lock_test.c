/* links: targets/base/lock.c stress/world.c */
#include "base/lock.h"
#include "stress/world.h"
#include "tests/unit/check.h"

enum { THREADS = 4, TURNS = 100000 };
#define MS INT64_C(1000000)

static mutex lock;
static note bell;
static volatile long counter; /* plain: the lock protects it, or nothing does */
static word32 contended;      /* relaxed: only counted */

/* Waits until the word holds a value, ten seconds at most. */
static void await(word32 *w, uint32_t value)
{
	int64_t end = world_now() + 10000 * MS;
	/* pairs with: whatever moves the word */
	while (load_acquire(w) != value) {
		CHECK(world_now() < end);
		world_yield();
	}
}

static void run_threads(void (*fn)(void *))
{
	world_thread t[THREADS];
	counter = 0;
	mutex_init(&lock);
	word_init(&contended, 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(world_thread_start(&t[i], fn, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		world_thread_join(t[i]);
}

static void count_locked(void *arg)
{
	(void)arg;
	for (int i = 0; i < TURNS; i++) {
		/* relaxed: a count of what the lock was seen doing */
		if (load_relaxed(&lock.state) != MUTEX_FREE)
			fetch_add_relaxed(&contended, 1);
		mutex_lock(&lock);
		counter = counter + 1;
		if (i % 1000 == 0)
			world_yield(); /* let the others run into it */
		mutex_unlock(&lock);
	}
}

static long turns;

static void count_unlocked(void *arg)
{
	(void)arg;
	for (long i = 0; i < turns; i++)
		counter = counter + 1;
}

TEST(one_holder_at_a_time)
{
	run_threads(count_locked);
	CHECK_EQ(counter, THREADS * TURNS);
	CHECK(load_relaxed(&contended) > 0);
	CHECK_EQ(load_relaxed(&lock.state), MUTEX_FREE);
}

/* The counter shows a lock that does not lock, or the test above means nothing.
 * On a busy machine the threads may miss each other: then they stay longer. */
TEST(the_counter_shows_a_missing_lock)
{
	int64_t end = world_now() + 60000 * MS;
	turns = TURNS;
	do {
		CHECK(world_now() < end);
		turns *= 2;
		run_threads(count_unlocked);
	} while (counter == THREADS * turns);
}

static void lock_once(void *arg)
{
	(void)arg;
	mutex_lock(&lock);
	counter = counter + 1;
	mutex_unlock(&lock);
}

/* All sleep in the kernel before the holder lets go; each unlock must wake
 * one. */
TEST(every_sleeper_gets_its_turn)
{
	world_thread t[THREADS];
	counter = 0;
	mutex_init(&lock);
	for (int turn = 0; turn < 20; turn++) {
		mutex_lock(&lock);
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(world_thread_start(&t[i], lock_once, NULL), 0);
		await(&lock.state, MUTEX_SLEEPERS);
		mutex_unlock(&lock);
		for (int i = 0; i < THREADS; i++)
			world_thread_join(t[i]);
		CHECK_EQ(load_relaxed(&lock.state), MUTEX_FREE);
	}
	CHECK_EQ(counter, 20 * THREADS);
}

/* A locker that has slept may be the last one, or not: it must say
 * "sleepers". */
TEST(a_woken_sleeper_leaves_word_of_others)
{
	world_thread t;
	mutex_init(&lock);
	mutex_lock(&lock);
	CHECK_EQ(load_relaxed(&lock.state), MUTEX_HELD);
	CHECK_EQ(world_thread_start(&t, lock_once, NULL), 0);
	await(&lock.state, MUTEX_SLEEPERS);
	mutex_unlock(&lock);
	world_thread_join(t);
	CHECK_EQ(load_relaxed(&lock.state), MUTEX_FREE);
}

static long letter;

static void write_and_ring(void *arg)
{
	(void)arg;
	letter = 42;
	note_wakeup(&bell);
}

TEST(note_carries_what_was_written)
{
	world_thread t;
	for (int turn = 0; turn < 200; turn++) {
		letter = 0;
		note_clear(&bell);
		CHECK_EQ(world_thread_start(&t, write_and_ring, NULL), 0);
		if (turn % 2)
			note_sleep(&bell);
		else
			CHECK(note_sleep_for(&bell, 10000 * MS));
		CHECK_EQ(letter, 42);
		world_thread_join(t);
	}
}

TEST(note_woken_before_the_sleep)
{
	note_clear(&bell);
	note_wakeup(&bell);
	note_sleep(&bell);
	CHECK(note_sleep_for(&bell, 0));
	CHECK(note_sleep_for(&bell, 10000 * MS));
}

TEST(note_gives_up_no_earlier_than_told)
{
	note_clear(&bell);
	for (int64_t ns = 0; ns <= 20 * MS; ns += 5 * MS) {
		int64_t start = world_now();
		CHECK(!note_sleep_for(&bell, ns));
		CHECK(world_now() - start >= ns);
	}
	CHECK(!note_sleep_for(&bell, -MS));
	CHECK_EQ(load_relaxed(&bell.key), 0);
}

static void ring_late(void *arg)
{
	(void)arg;
	note dummy;
	note_clear(&dummy);
	note_sleep_for(&dummy, 20 * MS);
	note_wakeup(&bell);
}

TEST(note_wakes_one_that_sleeps)
{
	world_thread t;
	int64_t start = world_now();
	note_clear(&bell);
	CHECK_EQ(world_thread_start(&t, ring_late, NULL), 0);
	CHECK(note_sleep_for(&bell, 60000 * MS));
	CHECK(world_now() - start < 30000 * MS);
	world_thread_join(t);
}

static void wake_twice(void)
{
	note_clear(&bell);
	note_wakeup(&bell);
	note_wakeup(&bell);
}

TEST(waking_twice_is_fatal)
{
	CHECK_DIES(wake_twice(), "note woken twice");
	note_clear(&bell);
	note_wakeup(&bell);
	note_clear(&bell);
	note_wakeup(&bell);
}

static int waits;

static void look_around(int64_t timeout_ns)
{
	(void)timeout_ns;
	waits++;
	/* relaxed: one thread */
	store_relaxed(&lock.state, MUTEX_FREE);
	/* relaxed: likewise */
	store_relaxed(&bell.key, 1);
}

/* Where actors of a case run, nothing sleeps: the engine looks around
 * instead. */
TEST(hooks_stand_in_for_sleep)
{
	static const struct world_hooks hooks = { .wait = look_around };
	world_hooks = &hooks;
	mutex_init(&lock);
	mutex_lock(&lock);
	CHECK_EQ(waits, 0);
	mutex_lock(&lock);
	CHECK_EQ(waits, 1);
	note_clear(&bell);
	note_sleep(&bell);
	CHECK_EQ(waits, 2);
	world_hooks = NULL;
}

static void unlock_free(void)
{
	mutex_init(&lock);
	mutex_lock(&lock);
	mutex_unlock(&lock);
	mutex_unlock(&lock);
}

TEST(an_unlock_of_a_free_lock_is_fatal)
{
	CHECK_DIES(unlock_free(), "unlock of a lock that is free");
}
