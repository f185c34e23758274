/* A program of goroutines on the real scheduler, with threads, stacks, heap,
 * poller and ports: what a goroutine keeps alive stays as it was, what it sends
 * comes back, what it waits for comes; nothing is left over at the end.
 *
 * The first two bytes say how many processors, which backend and heap, for how
 * many descriptors there is room, whether signals come, who is told of workers;
 * the main goroutine runs the rest. Whoever starts another one leaves it the
 * next bytes.
 */
/* links: targets/sched targets/port targets/base stress/world.c */
/* links: fuzz/fuzzers/common/trouble.c */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "common/trouble.h"
#include "fuzzers/sched/kept.h"
#include "poller/fd.h"
#include "port/port.h"
#include "sched/canary.h"
#include "sched/g.h"
#include "sched/gc.h"
#include "stress/world.h"

enum {
	HEADER = 2,
	TASKS = 12,
	STEPS = 64,          /* of an input */
	CROWD = 1100,        /* goroutines: more than anything has room for */
	CROWDS = 2,          /* that may all be alive at once, where they wait for
			      * processors: each has a stack */
	ROOM = 3072,         /* stack for this file's own functions */
	STACKS = 256 << 10,
	DEEPEST = 24,        /* frames */
	HEAP_BYTES = 512 << 20,
	MS = 1000000,
};
#define FAR (2000000000 * (int64_t)MS) /* further than a poller can wait */

struct task {
	struct gc_config heap; /* the first task's */
	const uint8_t *at, *end;
	struct kept kept;
	bool open;
	char sent;
	unsigned late;
	struct poll_fd near, far;
};

static struct task task[TASKS];
static word32 tasks, crowds, running, started;
static struct gc_counts counts;

static unsigned next(struct task *t)
{
	return t->at < t->end ? *t->at++ : 0;
}

static void launch(void (*fn)(void *), void *arg)
{
	/* relaxed, both: the caller is among them until it ends */
	fetch_add_relaxed(&running, 1);
	fetch_add_relaxed(&started, 1);
	go(fn, arg);
}

static void leave(void)
{
	/* pairs with: first() */
	fetch_add_acq_rel(&running, (uint32_t)-1);
}

/* --- stacks --- */

__attribute__((noinline)) static bool dive(unsigned frames, uint64_t value)
{
	struct canary c;
	bool right = true;
	stack_need(ROOM);
	canary_set(&c, value + frames);
	if (frames > 0)
		right = dive(frames - 1, value);
	else
		go_yield();
	return right & canary_holds(&c, value + frames);
}

/* --- descriptors, and system calls --- */

static void block_in_a_call(unsigned what)
{
	static word32 never;
	syscall_enter();
	if (what & 1)
		world_futex_wait(&never, 0, what * 40000);
	else
		world_yield();
	syscall_exit();
}

static void open_line(struct task *t)
{
	int fd[2];
	if (t->open || world_socketpair(fd) != 0)
		return;
	t->open = fd_open(&t->near, sched_poller(), fd[0]) == 0;
	if (t->open && fd_open(&t->far, sched_poller(), fd[1]) != 0)
		world_close(fd[1]);
}

/* Of a kind that no backend takes. */
static void open_in_vain(struct task *t)
{
	int fd = t->open ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	check(fd_open(&t->near, sched_poller(), fd) == -EPERM, "a device can be waited for");
	world_close(fd);
}

static void answer_late(void *arg)
{
	struct task *t = arg;
	stack_need(ROOM);
	if (t->late & 8)
		block_in_a_call(t->late);
	else
		go_sleep(MS / 8);
	fd_write(&t->far, &t->sent, 1);
	leave();
}

static void talk(struct task *t, unsigned what)
{
	char sent = (char)(1 + t->kept.serial % 100), got = 0;
	open_line(t);
	if (!t->open)
		return;
	t->sent = sent;
	t->late = what | 1;
	switch (what % 4) {
	case 0: /* there and back, soon or late */
		if (what & 4)
			launch(answer_late, t);
		else
			fd_write(&t->far, &sent, 1);
		check(fd_read(&t->near, &got, 1) == 1 && got == sent,
		      "what was sent does not come");
		break;
	case 1: /* nothing comes: in time, or the time is over already */
		check(fd_set_deadline(&t->near, what & 4 ? MS / 4 : -1,
				      what & 8 ? POLL_READ | POLL_WRITE : POLL_READ) == 0 &&
		      fd_read(&t->near, &got, 1) == -ETIMEDOUT, "a wait does not end in time");
		fd_set_deadline(&t->near, 0, POLL_READ | POLL_WRITE);
		break;
	case 2:
		fd_set_deadline(&t->near, FAR, 1 + what / 4 % 3);
		break;
	default:
		check(fd_close(&t->near) == 0 && fd_read(&t->near, &got, 1) == -EBADF,
		      "a closed descriptor is read");
		check(fd_read(&t->far, &got, 1) == 0, "the other end does not see the end");
		fd_close(&t->far);
		t->open = false;
	}
}

/* --- goroutines --- */

static void wait_stopped(unsigned turns)
{
	stop_the_world();
	for (unsigned i = 0; i < turns; i++)
		world_relax();
	start_the_world();
}

static void life(void *arg);

static void come_and_go(void *arg)
{
	(void)arg;
	leave();
}

static void start_crowd(void)
{
	/* relaxed: a ticket */
	if (fetch_add_relaxed(&crowds, 1) >= CROWDS)
		return;
	for (unsigned i = 0; i < CROWD; i++)
		launch(come_and_go, NULL);
}

static void start(struct task *t, unsigned what)
{
	size_t left = (size_t)(t->end - t->at), n = what < left ? what : left;
	/* relaxed: a ticket */
	uint32_t i = fetch_add_relaxed(&tasks, 1);
	if (i >= TASKS)
		return;
	task[i].at = t->at;
	task[i].end = t->at += n;
	launch(life, &task[i]);
}

static void step(struct task *t, unsigned what)
{
	unsigned more = what / 16;
	switch (what % 16) {
	case 0:
		go_yield();
		break;
	case 1:
		if (more < 15)
			start(t, more * 2);
		else
			start_crowd();
		break;
	case 2:
	case 3:
	case 4:
		keep(&t->kept, next(t));
		break;
	case 5:
	case 6:
		look(&t->kept, more & 1);
		break;
	case 7:
		gc_collect();
		break;
	case 8:
	case 9:
		check(dive(more * DEEPEST / 16, t->kept.serial), "a stack has another's content");
		break;
	case 10:
		block_in_a_call(more);
		break;
	case 11:
		go_sleep(more < 15 ? more * 20000 : 3 * MS);
		break;
	case 12:
		wait_stopped(more * 20);
		break;
	case 13:
		talk(t, more);
		break;
	case 14:
		open_in_vain(t);
		break;
	default: /* at most, longer than the scheduler lets one run */
		for (int64_t end = world_now() + (more < 15 ? more * 5000 : 15 * MS);
		     world_now() < end;)
			go_check();
	}
}

static void life(void *arg)
{
	struct task *t = arg;
	stack_need(ROOM);
	check(runtime->current() == &g_self()->g, "somebody else runs here");
	while (t->at < t->end)
		step(t, next(t));
	while (t->kept.n > 0)
		look(&t->kept, true);
	if (t->open)
		talk(t, 3);
	leave();
}

static void first(void *arg)
{
	struct task *t = arg;
	gc_begin(&t->heap);
	word_init(&running, 1);
	life(t);
	/* pairs with: leave() */
	while (load_acquire(&running) > 0)
		go_yield();
	check(gc_taken() <= (CROWDS + 1) * CROWD, "more goroutines are marked than there are");
	check(stacks_held(&m_self()->s->stacks) > 0, "nobody has a stack");
	gc_end(&counts);
}

static word32 begun;

static void count_worker(unsigned id)
{
	(void)id;
	interrupt_me(true);
	fetch_add_relaxed(&begun, 1); /* relaxed: a count */
}

static void count_end(struct sched *s)
{
	(void)s;
	fetch_add_relaxed(&begun, 1000); /* relaxed: likewise */
}

static void stuck(struct sched *s)
{
	(void)s;
	leave_check(false, "every goroutine waits");
	abort();
}

static void last_words(const char *message)
{
	leave_check(false, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct poll_backend *const backend[] = {
		NULL, &port_oneshot_backend, &port_exact_backend, NULL };
	struct sched_counts did;
	if (size < HEADER)
		return 0;
	word_init(&begun, 0);
	word_init(&started, 0);
	struct sched_config c = { .procs = 1 + data[0] % 4, .stack_bytes = STACKS,
				  .backend = backend[data[0] / 4 % 4], .deadlock = stuck };
	if (data[1] & 3) {
		c.worker_started = count_worker;
		c.ended = count_end;
	}
	if (data[1] & 16)
		c.stack_bytes = 0;
	if (data[1] & 4)
		c.procs = data[1] & 8 ? 0 : MOST_PROCS + 1;
	memset(task, 0, sizeof task);
	word_init(&tasks, 1);
	word_init(&crowds, 0);
	world_last_words = last_words;
	task[0].heap = (struct gc_config){ .heap_bytes = data[0] & 16 ? 0 : HEAP_BYTES,
					   .poison = data[0] & 32 };
	task[0].at = data + HEADER;
	task[0].end = data + (size < STEPS ? size : STEPS);
	limit_descriptors(data[0] / 64);
	interrupt_calls(data[1] & 1);
	int error = sched_run(&c, first, &task[0], &did);
	limit_descriptors(0);
	interrupt_calls(false);
	if (data[1] & 4) {
		leave_check(error == -EINVAL, "a number of processors that cannot be");
		return 0;
	}
	if (error == -EMFILE && data[0] / 64)
		return 0;
	leave_check(error == 0, "the scheduler does not start");
	/* relaxed: all others have ended */
	leave_check(!c.ended || load_relaxed(&begun) == 1000 + did.workers,
		    "workers or their end are not told of");
	const struct heap_audit *h = &counts.audit;
	leave_check(counts.dangling + counts.written == 0, "something was freed too early");
	leave_check(counts.handles == 0 && h->lost + h->twice + h->misplaced + h->bad_free == 0 &&
			    h->spans == h->in_sets + h->cached, "the heap is not in order");
	/* relaxed: as above; and the first one, and the sweeper */
	leave_check(did.started == load_relaxed(&started) + 2, "another number of goroutines");
	return 0;
}
