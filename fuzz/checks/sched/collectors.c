/* Goroutines that collect at the same time, one after the other: what a cycle
 * has not swept the next one does first, though it was about to stop the world
 * before that, and what is held stays. */
#include "checks/sched/run.h"

enum { COLLECTORS = 2, CYCLES = 2, OBJECTS = 12, HEAP = 1 << 19, TURNS = 4 };

struct cycles {
	struct state state;
	word32 begun, ended;
};

static void collector(void *arg)
{
	struct cycles *s = arg;
	for (int cycle = 0; cycle < CYCLES; cycle++) {
		uint64_t **handle = (uint64_t **)gc_handle();
		for (uint64_t i = 0; i < OBJECTS; i++) {
			gc_alloc((void **)handle, 64, false);
			(*handle)[1] = i;
		}
		count_one(&s->begun);
		gc_collect();
		must((*handle)[1] == OBJECTS - 1, "an object that is held is another's");
		gc_release((void **)handle);
	}
	count_one(&s->ended);
}

/* All come to where the world is to be stopped, as if another one did just
 * that. */
static void begin_together(struct cycles *s)
{
	word32 *stopper = &m_self()->s->stopper;
	/* relaxed: as in stop_the_world() */
	store_relaxed(stopper, 1);
	for (int i = 0; i < COLLECTORS; i++)
		go(collector, s);
	await_count(&s->begun, COLLECTORS);
	for (int i = 0; i < TURNS; i++)
		go_yield();
	/* relaxed: as in start_the_world() */
	store_relaxed(stopper, 0);
}

/* Each object has a span: sweeping takes turns. */
static void first(void *arg)
{
	struct cycles *s = arg;
	struct gc_config gc = { .heap_bytes = HEAP, .small = 1, .poison = true };
	struct gc_counts counts;
	gc_begin(&gc);
	begin_together(s);
	await_count(&s->ended, COLLECTORS);
	gc_collect();
	gc_end(&counts);
	must(counts.cycles == COLLECTORS * CYCLES + 1, "cycles are counted wrong");
	must(!counts.audit.lost && !counts.audit.twice && !counts.audit.misplaced &&
		     !counts.dangling && !counts.written && !counts.audit.bad_free,
	     "the heap does not add up");
}

static void run(void *state, struct slot *me)
{
	struct cycles *s = state;
	struct sched_config c = { .procs = 2, .stack_bytes = 32 << 10 };
	word_init(&s->begun, 0);
	word_init(&s->ended, 0);
	run_program(&s->state, me, &c, first);
}

CASE(collectors,
     .purpose = "goroutines that collect at the same time",
     .whole = true,
     .state_size = sizeof(struct cycles),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
