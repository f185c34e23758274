/* One processor for all: who sits in a system call, never yields, waits behind
 * those that do, sleeps or waits for a descriptor comes to its turn all the
 * same. */
#include <errno.h>

#include "checks/sched/run.h"
#include "poller/fd.h"
#include "sched/status.h"

#define MS INT64_C(1000000)
enum { STACK = 16 << 10, STARTED = 10 };

static word32 over, returned, asked, heard, slept, closed;
static struct poll_fd a, b;

static void end_call(void *arg)
{
	(void)arg;
	/* pairs with: call_for_long() */
	store_release(&over, 1);
	world_futex_wake(&over, 1);
}

/* Lasts until another goroutine has had the only processor. */
static void call_for_long(void)
{
	syscall_enter();
	/* pairs with: end_call() */
	while (!load_acquire(&over))
		world_futex_wait(&over, 0, -1);
	syscall_exit();
}

static void yield_on(void *arg)
{
	(void)arg;
	await_count(&returned, 1);
}

static void raise(void *arg)
{
	count_one(arg);
}

/* Asks for room again and again, but never yields by itself. */
static void ask_on(void)
{
	/* pairs with: raise() */
	while (!load_acquire(&asked)) {
		world_relax();
		stack_need(64);
	}
}

static void listen(void *arg)
{
	char byte = 0;
	(void)arg;
	must(fd_read(&a, &byte, 1) == 1 && byte == '!', "a reader got something else");
	count_one(&heard);
	world_futex_wake(&heard, 1);
}

/* Sees the close of what it reads from, and not before it runs again. */
static void listen_on(void *arg)
{
	char byte;
	(void)arg;
	must(fd_read(&a, &byte, 1) == -EBADF, "a read outlasts the close");
	count_one(&closed);
}

/* A call that lasts until a descriptor's event has been handled: whoever waits
 * for events must not be left without a processor. */
static void call_until_heard(void)
{
	char byte = '!';
	syscall_enter();
	must(world_write(b.fd, &byte, 1) == 1, "a byte was not written");
	/* pairs with: listen() */
	while (load_acquire(&heard) < 2)
		world_futex_wait(&heard, 1, -1);
	syscall_exit();
}

static void sleep_well(void *arg)
{
	int64_t start = world_now();
	(void)arg;
	go_sleep(3 * MS);
	must(world_now() - start >= 3 * MS, "a sleeper woke too early");
	count_one(&slept);
}

static bool refuse(struct g *g, void *arg)
{
	must(arg == &over, "a commit got another's argument");
	must(status_of(g) == G_WAITING, "a goroutine is published before it waits");
	return false;
}

static void park_in_vain(void)
{
	struct g *me = runtime->current();
	uint32_t parks = me->parks, aborts = me->aborts;
	runtime->park(refuse, &over);
	must(me == runtime->current(), "another goroutine came back");
	must(me->parks == parks && me->aborts == aborts + 1, "a refused park is not counted so");
}

static void open_pair(void)
{
	int fd[2];
	if (world_socketpair(fd) != 0 || fd_open(&a, sched_poller(), fd[0]) != 0 ||
	    fd_open(&b, sched_poller(), fd[1]) != 0)
		world_fatal("no descriptors to begin with");
}

static void first(void *arg)
{
	char byte = '!';
	(void)arg;
	park_in_vain();
	go(end_call, NULL);
	go(yield_on, NULL);
	go(yield_on, NULL);
	call_for_long();
	count_one(&returned);
	go(raise, &asked);
	ask_on();
	open_pair();
	go(listen, NULL);
	go_yield();
	must(fd_write(&b, &byte, 1) == 1, "a byte was not written");
	await_count(&heard, 1);
	go(listen, NULL);
	go_yield();
	call_until_heard();
	go(sleep_well, NULL);
	await_count(&slept, 1);
	go(listen_on, NULL);
	go_yield();
	/* Waits for the reader, which needs this processor. */
	must(fd_close(&a) == 0, "not closed");
	await_count(&closed, 1);
	must(fd_close(&b) == 0, "not closed");
	go(sleep_well, NULL); /* nobody else is there while it does */
	go_exit();
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 1, .stack_bytes = STACK };
	run_program(s, me, &c, first);
	must(s->counts.started == STARTED, "goroutines are counted wrong");
	must(s->counts.workers >= 2 && s->counts.workers <= 4, "workers are counted wrong");
	must(s->counts.handed_off >= 1 && s->counts.stops == 0, "figures are wrong");
	must(s->counts.timers == 2, "timers are counted wrong");
}

CASE(errands,
     .purpose = "one processor for a long system call, endless loops, a timer and a descriptor",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
