/* A program goes on, or ends with words that say why, whatever the system
 * refuses it while it runs: threads, address space or memory. */
#include "checks/misuse.h"
#include "checks/sched/run.h"

enum { REFUSALS = 24, HEAP = 1 << 18, STACK = 32 << 10, DEEP = 12 << 10, OBJECTS = 40 };

static word32 left;

static void grows(void *arg)
{
	(void)arg;
	stack_need(DEEP);
	go_yield();
	count_one(&left);
}

static void first(void *arg)
{
	struct gc_config gc = { .heap_bytes = HEAP, .poison = true };
	struct gc_counts counts;
	(void)arg;
	gc_begin(&gc);
	void **handle = gc_handle();
	for (int i = 0; i < 3; i++)
		go(grows, NULL);
	for (int i = 0; i < OBJECTS; i++)
		gc_alloc(handle, 2048, false);
	gc_collect();
	await_count(&left, 3);
	gc_release(handle);
	gc_collect();
	gc_end(&counts);
	must(!counts.audit.lost && !counts.audit.twice && !counts.audit.misplaced &&
		     !counts.dangling && !counts.written && !counts.audit.bad_free,
	     "the heap does not add up");
}

/* Refused is what comes after the poller's three. */
static void run(void *state, struct slot *me)
{
	struct sched_config c = { .procs = 2, .stack_bytes = STACK };
	unsigned nth = world_choose(REFUSALS);
	word_init(&left, 0);
	world_refuse(nth == 0 ? 0 : 3 + nth);
	run_program(state, me, &c, first);
}

CASE(starved,
     .purpose = "a program whom the system refuses threads, address space or memory",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end,
     THROWN(TOLD("no memory for a goroutine's stack"),
	    TOLD("cannot start a thread: raise the limit on processes"),
	    TOLD("cannot start a worker thread: raise the limit on processes"),
	    TOLD("no memory for the heap"), TOLD("the heap is full")),
     CHECK_OUTCOMES);
