/* What no program may do, and what it may run out of, is told. */
#include "checks/misuse.h"
#include "checks/sched/run.h"

enum { HEAP = 1 << 18, STACK = 8 << 10, PAGES_EACH = 4 };

struct chosen {
	struct state state;
	word32 number;
	uint32_t nth; /* what number was when the program began */
};

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
	struct chosen *s = arg;
	struct gc_config gc = { .heap_bytes = HEAP };
	gc_begin(&gc);
	misuse[s->nth]();
	must(false, "a misuse was not told");
}

static void counter(void *state, struct slot *me)
{
	(void)me;
	misuse_count(&((struct chosen *)state)->number, MISUSES(misuse));
}

static void run(void *state, struct slot *me)
{
	struct sched_config c = { .procs = 1, .stack_bytes = STACK };
	struct chosen *s = state;
	s->nth = misuse_chosen(&s->number);
	run_program(state, me, &c, first);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	word_init(&((struct chosen *)state)->number, 0);
}

CASE(misuse_run,
     .purpose = "what no program may do, or runs out of",
     .whole = true,
     .state_size = sizeof(struct chosen),
     .actor = { { "main", run }, { "counter", counter } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("the heap is full"), TOLD("a goroutine has too many handles"),
	    TOLD("a handle was given back that is not this goroutine's"),
	    TOLD("stack overflow: more than the most allowed"),
	    TOLD("readied a goroutine that does not wait"),
	    TOLD("poller stopped while a descriptor is open")),
     CHECK_OUTCOMES);
