/* What contexts, stacks, allocation and collections cost when nobody is in the
 * way: one JSON object. A pause is that of a cycle beside so many goroutines
 * that wait.
 *
 *   {"context_switch_ns":14.6,"stack_move_8k_us":10.3,...,"pause_us_30000":604}
 */
#include <stdio.h>

#include "engine/emit.h"
#include "sched/g.h"
#include "sched/gc.h"

enum { TRIES = 7, SWITCHES = 100000, MOVES = 500, OBJECTS = 200000, FRAMES = 500, CYCLES = 20,
       MOST_PARKED = 30000 };

/* The fastest of a few tries, per call. */
static double fastest(void (*step)(void), int calls)
{
	int64_t least = INT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		int64_t start = world_now();
		step();
		int64_t ns = world_now() - start;
		least = ns < least ? ns : least;
	}
	return (double)least / calls;
}

/* --- contexts and stacks, without a scheduler --- */

static struct stacks stacks;
static struct gstack stack;
static struct context here, there;
static size_t moved; /* bytes of backing, larger size */

static void switch_back(void *arg)
{
	(void)arg;
	for (;;)
		context_switch(&there, &here);
}

static void switch_there(void)
{
	for (int i = 0; i < SWITCHES; i++)
		context_switch(&here, &there);
}

/* Grows to `moved` and shrinks to half of that, a quarter of the half in
 * use. */
static void move_stack(void)
{
	const char *sp = stack.top - moved / 8;
	for (int i = 0; i < MOVES; i++) {
		if (!stack_exchange(&stack, stack_copy(&stack, sp, moved), moved) ||
		    !stack_exchange(&stack, stack_copy(&stack, sp, moved / 2), moved / 2))
			world_fatal("a stack cannot be moved");
	}
}

static void measure_stacks(void)
{
	static const struct { const char *name; size_t bytes; } sizes[] = {
		{ "stack_move_8k_us", 8 << 10 }, { "stack_move_64k_us", 64 << 10 },
		{ "stack_move_256k_us", 256 << 10 },
	};
	stacks_init(&stacks, 512 << 10, 4);
	if (stack_open(&stacks, &stack) != 0)
		world_fatal("no memory for a stack");
	context_make(&there, stack_base(&stack), stack_window(&stack), switch_back, NULL);
	json_real(stdout, "context_switch_ns", fastest(switch_there, 2 * SWITCHES));
	context_drop(&there);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		moved = sizes[i].bytes;
		if (stack_grow(&stack, stack.top - 64, moved / 2 - STACK_MARGIN - 64) != 0)
			world_fatal("a stack cannot grow");
		json_real(stdout, sizes[i].name, fastest(move_stack, 2 * MOVES) / 1e3);
	}
	stack_close(&stack);
	stacks_end(&stacks);
}

/* --- with one --- */

static void **handle;
static size_t object_bytes;

static void allocate(void)
{
	for (int i = 0; i < OBJECTS; i++)
		gc_alloc(handle, object_bytes, false);
}

/* And what it costs to have them swept. */
static void allocate_and_collect(void)
{
	allocate();
	gc_collect();
}

__attribute__((noinline)) static uint64_t recurse(int n)
{
	volatile uint64_t frame[12] = { (uint64_t)n };
	stack_need(sizeof frame);
	return n > 0 ? recurse(n - 1) + frame[0] : frame[0];
}

static void recurse_deeply(void)
{
	recurse(FRAMES);
}

static struct g *parked[MOST_PARKED];
static word32 parks, ends;

static bool stay(struct g *g, void *arg)
{
	parked[(uintptr_t)arg] = g;
	/* pairs with: measure_pause() */
	fetch_add_acq_rel(&parks, 1);
	return true;
}

static void park_once(void *arg)
{
	runtime->park(stay, arg);
	/* pairs with: measure_pause() */
	fetch_add_acq_rel(&ends, 1);
}

static void wait_for(word32 *w, uint32_t n)
{
	/* pairs with: park_once(), stay() */
	while (load_acquire(w) < n)
		go_yield();
}

/* Microseconds of the shortest of a few cycles. */
static void measure_pause(const char *name, uint32_t n)
{
	struct gc_counts before, after;
	int64_t least = INT64_MAX;
	word_init(&parks, 0);
	word_init(&ends, 0);
	for (uintptr_t i = 0; i < n; i++)
		go(park_once, (void *)i);
	wait_for(&parks, n);
	for (int i = 0; i < CYCLES; i++) {
		gc_look(&before);
		gc_collect();
		gc_look(&after);
		int64_t ns = after.pause_ns - before.pause_ns;
		least = ns < least ? ns : least;
	}
	for (uint32_t i = 0; i < n; i++)
		runtime->ready(parked[i]);
	wait_for(&ends, n);
	json_real(stdout, name, (double)least / 1e3);
}

static void measure(void *arg)
{
	struct gc_counts counts;
	(void)arg;
	stack_need(16 << 10); /* also for printing */
	gc_begin(&(struct gc_config){ .heap_bytes = (size_t)1 << 28 });
	handle = gc_handle();
	object_bytes = 32;
	json_real(stdout, "alloc_32_ns", fastest(allocate, OBJECTS));
	json_real(stdout, "alloc_and_collect_32_ns", fastest(allocate_and_collect, OBJECTS));
	object_bytes = 512;
	json_real(stdout, "alloc_and_collect_512_ns", fastest(allocate_and_collect, OBJECTS));
	recurse_deeply();
	json_real(stdout, "frame_with_need_ns", fastest(recurse_deeply, FRAMES));
	measure_pause("pause_us_1", 1);
	measure_pause("pause_us_1000", 1000);
	measure_pause("pause_us_30000", MOST_PARKED);
	gc_release(handle);
	gc_end(&counts);
}

int main(void)
{
	struct sched_config config = { .procs = 2 };
	json_object(stdout, NULL);
	measure_stacks();
	if (sched_run(&config, measure, NULL, NULL) != 0)
		world_fatal("cannot start the scheduler");
	json_end(stdout);
	return 0;
}
