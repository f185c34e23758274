/* A program goes on, or ends with words that say why, whatever the system
 * refuses it while it runs: threads, address space or memory. */
#include "checks/misuse.h"
#include "checks/sched/run.h"
#include "world.h"

enum { REFUSALS = 24, HEAP = 1 << 18, STACK = 32 << 10, DEEP = 12 << 10, OBJECTS = 40 };

struct chosen {
	struct state state;
	word32 number;
};

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

static void counter(void *state, struct slot *me)
{
	(void)me;
	misuse_count(&((struct chosen *)state)->number, REFUSALS);
}

/* Refused is what comes after the poller's three. */
static void run(void *state, struct slot *me)
{
	struct chosen *s = state;
	struct sched_config c = { .procs = 2, .stack_bytes = STACK };
	uint32_t nth = misuse_chosen(&s->number);
	word_init(&left, 0);
	world_refuse(nth == 0 ? 0 : 3 + nth);
	run_program(&s->state, me, &c, first);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	word_init(&((struct chosen *)state)->number, 0);
}

CASE(starved,
     .purpose = "a program whom the system refuses threads, address space or memory",
     .whole = true,
     .state_size = sizeof(struct chosen),
     .actor = { { "main", run }, { "counter", counter } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("no memory for a goroutine's stack"),
	    TOLD("cannot start a thread: raise the limit on processes"),
	    TOLD("cannot start a worker thread: raise the limit on processes"),
	    TOLD("no memory for the heap"), TOLD("the heap is full")),
     CHECK_OUTCOMES);
