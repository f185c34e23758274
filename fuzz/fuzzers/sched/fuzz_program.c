/* A program of goroutines on the real scheduler, with threads, stacks, heap,
 * poller and ports: what a goroutine keeps alive stays as it was, what it sends
 * comes back, what it waits for comes; nothing is left over at the end.
 *
 * The first byte says how many processors and which backend; the main goroutine
 * runs the rest. Whoever starts another one leaves it the next bytes.
 */
/* links: targets/sched targets/port targets/base stress/world.c */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "poller/fd.h"
#include "port/port.h"
#include "sched/canary.h"
#include "sched/g.h"
#include "sched/gc.h"
#include "stress/world.h"

enum {
	TASKS = 12,
	KEPT = 6,            /* objects of a task */
	STEPS = 64,          /* of an input */
	ROOM = 3072,         /* stack for this file's own functions */
	STACKS = 256 << 10,
	DEEPEST = 24,        /* frames */
	HEAP_BYTES = 16 << 20,
	MS = 1000000,
};

struct object {
	struct object *next; /* of the same size; this keeps it */
	uint64_t bytes, serial;
	uint64_t word[];
};

struct task {
	const uint8_t *at, *end;
	void **handle[KEPT];
	unsigned kept;
	uint64_t serial;
	bool open;
	struct poll_fd near, far;
};

static struct task task[TASKS];
static word32 tasks, running;
static struct gc_counts counts;

/* On the worker's own stack, which has room to print. */
static void tell(void *what)
{
	leave_check(false, what);
}

static void check(bool holds, const char *what)
{
	if (!holds)
		worker_call(tell, (void *)(uintptr_t)what);
}

static unsigned next(struct task *t)
{
	return t->at < t->end ? *t->at++ : 0;
}

/* --- objects --- */

static struct object *make(void **handle, uint64_t bytes, uint64_t serial, bool pointers)
{
	struct object *o = gc_alloc(handle, sizeof *o + bytes / 8 * 8, pointers);
	check(o->serial == 0 && o->next == NULL, "an object is not zeroed");
	o->bytes = bytes / 8 * 8;
	o->serial = serial;
	for (uint64_t i = 0; i < bytes / 8; i++)
		o->word[i] = serial ^ i;
	return o;
}

static void keep(struct task *t, unsigned what)
{
	if (t->kept == KEPT)
		return;
	void **handle = t->handle[t->kept++] = gc_handle();
	uint64_t bytes = what % 16 < 14 ? (what % 16) * (what % 16) * 12 : what % 16 * 2000;
	make(handle, bytes, ++t->serial, what & 16);
	for (unsigned more = what & 16 ? what / 32 * 4 : 0; more > 0; more--) {
		struct object *old = *handle;
		void **fresh = gc_handle();
		struct object *o = make(fresh, bytes, t->serial, true);
		o->next = old;
		*handle = o;
		gc_release(fresh);
	}
}

static void look(struct task *t, bool drop)
{
	if (t->kept == 0)
		return;
	void **handle = t->handle[t->kept - 1];
	const struct object *o = *handle;
	for (uint64_t serial = o->serial; o; o = o->next) {
		bool same = o->serial == serial;
		for (uint64_t i = 0; same && i < o->bytes / 8; i++)
			same = o->word[i] == (serial ^ i);
		check(same, "an object that is kept is another's");
	}
	if (!drop)
		return;
	gc_release(handle);
	t->kept--;
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

/* --- descriptors --- */

static void open_line(struct task *t)
{
	int fd[2];
	if (t->open || world_socketpair(fd) != 0)
		return;
	t->open = fd_open(&t->near, sched_poller(), fd[0]) == 0;
	if (t->open && fd_open(&t->far, sched_poller(), fd[1]) != 0)
		world_close(fd[1]);
}

static void talk(struct task *t, unsigned what)
{
	char sent = (char)(1 + t->serial % 100), got = 0;
	open_line(t);
	if (!t->open)
		return;
	switch (what % 4) {
	case 0: /* there and back */
		check(fd_write(&t->far, &sent, 1) == 1 && fd_read(&t->near, &got, 1) == 1 &&
		      got == sent, "what was sent does not come");
		break;
	case 1: /* nothing comes: in time, or the time is over already */
		check(fd_set_deadline(&t->near, what & 4 ? world_now() + MS / 4 : -1,
				      what & 8 ? POLL_READ | POLL_WRITE : POLL_READ) == 0 &&
		      fd_read(&t->near, &got, 1) == -ETIMEDOUT, "a wait does not end in time");
		fd_set_deadline(&t->near, 0, POLL_READ | POLL_WRITE);
		break;
	case 2:
		fd_set_deadline(&t->near, world_now() + 60000 * (int64_t)MS, POLL_READ);
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

static void block_in_a_call(unsigned what)
{
	static word32 never;
	syscall_enter();
	if (what & 1)
		world_futex_wait(&never, 0, what * 10000);
	else
		world_yield();
	syscall_exit();
}

static void wait_stopped(unsigned turns)
{
	stop_the_world();
	for (unsigned i = 0; i < turns; i++)
		world_relax();
	start_the_world();
}

static void life(void *arg);

static void start(struct task *t, unsigned what)
{
	size_t left = (size_t)(t->end - t->at), n = what < left ? what : left;
	/* relaxed: a ticket */
	uint32_t i = fetch_add_relaxed(&tasks, 1);
	if (i >= TASKS)
		return;
	task[i].at = t->at;
	task[i].end = t->at += n;
	/* relaxed: the starter's own is among them until it ends */
	fetch_add_relaxed(&running, 1);
	go(life, &task[i]);
}

static void step(struct task *t, unsigned what)
{
	unsigned more = what / 16;
	switch (what % 16) {
	case 0:
		go_yield();
		break;
	case 1:
		start(t, more * 2);
		break;
	case 2:
	case 3:
	case 4:
		keep(t, next(t));
		break;
	case 5:
	case 6:
		look(t, more & 1);
		break;
	case 7:
		gc_collect();
		break;
	case 8:
	case 9:
		check(dive(more * DEEPEST / 16, t->serial), "a stack has another's content");
		break;
	case 10:
		block_in_a_call(more);
		break;
	case 11:
		go_sleep(more * 20000);
		break;
	case 12:
		wait_stopped(more * 20);
		break;
	case 13:
	case 14:
		talk(t, more);
		break;
	default:
		for (unsigned i = 0; i < more * 50; i++)
			go_check();
	}
}

static void life(void *arg)
{
	struct task *t = arg;
	stack_need(ROOM);
	while (t->at < t->end)
		step(t, next(t));
	while (t->kept > 0)
		look(t, true);
	if (t->open)
		talk(t, 3);
	/* pairs with: first() */
	fetch_add_acq_rel(&running, (uint32_t)-1);
}

static void first(void *arg)
{
	struct task *t = arg;
	gc_begin(&(struct gc_config){ .heap_bytes = HEAP_BYTES, .poison = true });
	word_init(&running, 1);
	life(t);
	/* pairs with: life() */
	while (load_acquire(&running) > 0)
		go_yield();
	gc_end(&counts);
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
	if (size == 0)
		return 0;
	struct sched_config c = { .procs = 1 + data[0] % 4, .stack_bytes = STACKS,
				  .backend = backend[data[0] / 4 % 4], .deadlock = stuck };
	memset(task, 0, sizeof task);
	word_init(&tasks, 1);
	world_last_words = last_words;
	task[0].at = data + 1;
	task[0].end = data + (size < STEPS ? size : STEPS);
	leave_check(sched_run(&c, first, &task[0], &did) == 0, "the scheduler does not start");
	const struct heap_audit *h = &counts.audit;
	leave_check(counts.dangling + counts.written == 0, "something was freed too early");
	leave_check(counts.handles == 0 && h->lost + h->twice + h->misplaced + h->bad_free == 0 &&
			    h->spans == h->in_sets + h->cached, "the heap is not in order");
	leave_check(did.started <= TASKS + 2u, "more goroutines than were started");
	return 0;
}
