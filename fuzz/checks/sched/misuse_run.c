/* What no program may do, and what it may run out of, is told. */
#include "checks/misuse.h"
#include "checks/sched/run.h"

enum { HEAP = 1 << 18, STACK = 8 << 10, PAGES_EACH = 4 };

static void fill_heap(void)
{
	char *last = NULL;
	for (;;) {
		char *object = gc_alloc(gc_handle(), PAGES_EACH * HEAP_PAGE, false);
		must(object && object != last, "an object is none, or another one");
		last = object;
	}
}

static void keep_handles(void)
{
	for (int i = 0; i < 64; i++)
		gc_handle();
	gc_handle();
}

static void release_twice(void)
{
	void **handle = gc_handle();
	gc_release(handle);
	gc_release(handle);
}

static void release_others(void)
{
	static void *nobodys;
	gc_release(&nobodys);
}

static void need_too_much(void)
{
	stack_need(64 * STACK);
}

static void ready_oneself(void)
{
	runtime->ready(runtime->current());
}

static void stop_with_descriptor(void)
{
	int fd[2];
	struct poll_desc *pd;
	struct gc_counts counts;
	gc_end(&counts);
	must(world_socketpair(fd) == 0 && poll_open(sched_poller(), fd[0], &pd) == 0,
	     "no descriptor");
	go_exit(); /* the last: the poller stops */
}

static void (*const misuse[])(void) = {
	fill_heap, keep_handles, release_twice, release_others, need_too_much, ready_oneself,
	stop_with_descriptor
};

static void first(void *arg)
{
	struct gc_config gc = { .heap_bytes = HEAP };
	(void)arg;
	gc_begin(&gc);
	ONE_OF(misuse)();
	not_told();
}

static void run(void *state, struct slot *me)
{
	struct sched_config c = { .procs = 1, .stack_bytes = STACK };
	run_program(state, me, &c, first);
}

CASE(misuse_run,
     .purpose = "what no program may do, or runs out of",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end,
     THROWN(TOLD("the heap is full"), TOLD("a goroutine has too many handles"),
	    TOLD("a handle was given back that is not this goroutine's"),
	    TOLD("stack overflow: more than the most allowed"),
	    TOLD("readied a goroutine that does not wait"),
	    TOLD("poller stopped while a descriptor is open")),
     CHECK_OUTCOMES);
