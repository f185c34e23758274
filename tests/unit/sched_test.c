/* links: targets/sched targets/base/?*.c stress/world.c */
/* also: tsan */
/* The scheduler on real threads: goroutines, timers, the poller, system
 * calls. */
#include <errno.h>
#include <unistd.h>

#include "poller/fd.h"
#include "tests/unit/sched_run.h"

#define MS INT64_C(1000000)

/* A goroutine begins and switches far slower where a detector is told of it. */
#ifdef CONTEXT_TSAN
enum { GOROUTINES = 1000, TURNS = 4000 };
#else
enum { GOROUTINES = 5000, TURNS = 20000 };
#endif

/* --- goroutines --- */

static void start_many(void *arg)
{
	for (uintptr_t i = 0; i < (uintptr_t)arg; i++) {
		go(count, (void *)1);
		if (i % 100 == 0)
			go_yield();
	}
}

TEST(runs_every_goroutine)
{
	for (unsigned procs = 1; procs <= 8; procs *= 2) {
		word_init(&ran, 0);
		struct sched_counts counts = run(procs, start_many, (void *)GOROUTINES);
		CHECK_EQ(load_relaxed(&ran), GOROUTINES);
		CHECK_EQ(counts.started, GOROUTINES + 1);
	}
}

static void yield_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		go_yield();
	count(arg);
}

static void yielders(void *arg)
{
	for (uintptr_t i = 0; i < (uintptr_t)arg; i++)
		go(yield_many, (void *)1);
}

TEST(yields)
{
	word_init(&ran, 0);
	run(3, yielders, (void *)100);
	CHECK_EQ(load_relaxed(&ran), 100);
}

/* --- park and ready: a one-place mailbox --- */

struct mailbox {
	wordptr waiter; /* 0 -> g by the one who waits; -> 1 by the sender */
};

static bool put_waiter(struct g *g, void *arg)
{
	uintptr_t none = 0;
	return cas_acq_rel((wordptr *)arg, &none, (uintptr_t)g);
}

static void receive(struct mailbox *b)
{
	if (load_acquire(&b->waiter) == 0)
		runtime->park(put_waiter, &b->waiter);
	CHECK_EQ(load_acquire(&b->waiter), 1);
	store_relaxed(&b->waiter, 0);
}

static void send(struct mailbox *b)
{
	uintptr_t old = exchange_acq_rel(&b->waiter, 1);
	CHECK(old != 1);
	if (old)
		runtime->ready((struct g *)old);
}

struct pair {
	struct mailbox to, back;
};

static void echo(void *arg)
{
	struct pair *p = arg;
	for (int i = 0; i < TURNS; i++) {
		receive(&p->to);
		send(&p->back);
	}
}

static void call(void *arg)
{
	struct pair *p = arg;
	go(echo, p);
	for (int i = 0; i < TURNS; i++) {
		send(&p->to);
		receive(&p->back);
	}
	count((void *)1);
}

static void call_many(void *arg)
{
	(void)arg;
	static struct pair pair[8];
	memset(pair, 0, sizeof pair);
	for (int i = 0; i < 8; i++)
		go(call, &pair[i]);
}

TEST(hands_over)
{
	for (unsigned procs = 1; procs <= 4; procs++) {
		word_init(&ran, 0);
		run(procs, call_many, NULL);
		CHECK_EQ(load_relaxed(&ran), 8);
	}
}

static bool refuse(struct g *g, void *arg)
{
	(void)g;
	++*(int *)arg;
	return false;
}

static void park_in_vain(void *arg)
{
	runtime->park(refuse, arg);
	struct g *g = runtime->current();
	CHECK_EQ(g->aborts, 1);
	CHECK_EQ(g->parks, 0);
}

TEST(park_called_off_goes_on)
{
	int calls = 0;
	run(2, park_in_vain, &calls);
	CHECK_EQ(calls, 1);
}

static bool forget(struct g *g, void *arg)
{
	(void)g;
	(void)arg;
	return true;
}

static void wait_for_ever(void *arg)
{
	runtime->park(forget, arg);
}

TEST(deadlock_is_told)
{
	CHECK_DIES(run(2, wait_for_ever, NULL), "every goroutine waits");
}

/* --- timers --- */

static void sleep_some(void *arg)
{
	int64_t ns = (int64_t)(uintptr_t)arg, start = world_now();
	go_sleep(ns);
	CHECK(world_now() - start >= ns);
	count((void *)1);
}

static void sleepers(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++)
		go(sleep_some, (void *)(uintptr_t)((i * 37 % 50) * MS / 10));
}

TEST(sleeps_at_least_so_long)
{
	for (unsigned procs = 1; procs <= 4; procs++) {
		word_init(&ran, 0);
		struct sched_counts counts = run(procs, sleepers, NULL);
		CHECK_EQ(load_relaxed(&ran), 200);
		CHECK_EQ(counts.timers, 200);
	}
}

/* --- the poller --- */

enum { MESSAGES = 500 };

struct connection {
	struct poll_fd a, b;
};

static void answer(void *arg)
{
	struct connection *c = arg;
	char byte;
	for (int i = 0; i < MESSAGES; i++) {
		CHECK_EQ(fd_read(&c->b, &byte, 1), 1);
		CHECK_EQ(fd_write(&c->b, &byte, 1), 1);
	}
	CHECK_EQ(fd_close(&c->b), 0);
}

static void ask(void *arg)
{
	struct connection *c = arg;
	for (int i = 0; i < MESSAGES; i++) {
		char byte = (char)i;
		CHECK_EQ(fd_write(&c->a, &byte, 1), 1);
		byte = 0;
		CHECK_EQ(fd_read(&c->a, &byte, 1), 1);
		CHECK_EQ(byte, (char)i);
	}
	CHECK_EQ(fd_close(&c->a), 0);
	count((void *)1);
}

static void connections(void *arg)
{
	(void)arg;
	static struct connection c[20];
	for (int i = 0; i < 20; i++) {
		int fd[2];
		CHECK_EQ(world_socketpair(fd), 0);
		CHECK_EQ(fd_open(&c[i].a, sched_poller(), fd[0]), 0);
		CHECK_EQ(fd_open(&c[i].b, sched_poller(), fd[1]), 0);
		go(answer, &c[i]);
		go(ask, &c[i]);
	}
}

TEST(polls)
{
	for (unsigned procs = 1; procs <= 4; procs++) {
		word_init(&ran, 0);
		run(procs, connections, NULL);
		CHECK_EQ(load_relaxed(&ran), 20);
	}
}

static void read_in_vain(void *arg)
{
	int fd[2];
	char byte;
	static struct poll_fd f;
	CHECK_EQ(world_socketpair(fd), 0);
	CHECK_EQ(fd_open(&f, sched_poller(), fd[0]), 0);
	CHECK_EQ(fd_set_deadline(&f, 5 * MS, POLL_READ), 0);
	CHECK_EQ(fd_read(&f, &byte, 1), -ETIMEDOUT);
	CHECK_EQ(fd_close(&f), 0);
	world_close(fd[1]);
	count(arg);
}

TEST(deadlines_fire)
{
	word_init(&ran, 0);
	run(2, read_in_vain, (void *)1);
	CHECK_EQ(load_relaxed(&ran), 1);
}

static void fail_a_check(void *arg)
{
	CHECK_EQ((intptr_t)arg, 2);
}

TEST(a_check_that_fails_in_a_goroutine_says_so)
{
	CHECK_DIES(run(1, fail_a_check, (void *)1), "(intptr_t)arg = 1");
}

/* --- system calls --- */

static void call_slowly(void *arg)
{
	syscall_enter();
	usleep(20000);
	syscall_exit();
	count(arg);
}

static void slow_and_quick(void *arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		go(call_slowly, (void *)1);
	for (int i = 0; i < 100; i++)
		go_yield();
	go(yield_many, (void *)100);
}

/* What goes wrong if the timers of a processor that was handed on, and has
 * nothing else, are nobody's: the other processor is busy to the end. */
static word32 calling, woken;

static void sleep_and_tell(void *arg)
{
	(void)arg;
	go_sleep(5 * MS);
	store_release(&woken, 1);
}

static void call_beside_a_sleeper(void *arg)
{
	(void)arg;
	go(sleep_and_tell, NULL);
	go_yield(); /* it sleeps now, on the processor of this one */
	store_release(&calling, 1);
	syscall_enter();
	while (!load_acquire(&woken))
		usleep(100);
	syscall_exit();
}

static void busy(void *arg)
{
	(void)arg;
	go(call_beside_a_sleeper, NULL);
	while (!load_acquire(&calling)) /* so another processor runs it */
		world_relax();
	while (!load_acquire(&woken))
		go_yield();
}

TEST(timers_of_a_processor_handed_on_fire)
{
	for (int i = 0; i < 20; i++) {
		word_init(&calling, 0);
		word_init(&woken, 0);
		CHECK(run(2, busy, NULL).handed_off > 0);
	}
}

TEST(system_calls_hand_their_processor_on)
{
	word_init(&ran, 0);
	struct sched_counts counts = run(1, slow_and_quick, NULL);
	CHECK_EQ(load_relaxed(&ran), 104);
	CHECK(counts.handed_off > 0);
	CHECK(counts.workers > 1);
}
