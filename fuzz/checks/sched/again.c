/* A program after another one, which finds nothing of it. */
#include "checks/sched/run.h"
#include "sched/status.h"

enum { MANY = 20, TIMES = 2, MOST_WORKERS = 8, AT_ONCE = 16, LITTLE = 1000 };

static uint16_t ran[MANY];
static word32 done, workers;

static void once(void *arg)
{
	uint16_t *mine = arg;
	must(mine >= ran && mine < ran + MANY && !*mine, "a goroutine ran twice, or as another");
	*mine = 1;
	count_one(&done);
}

/* Goroutines, as many as there are or a few more: one marker takes some at
 * once. */
static uint32_t whole_tickets(void)
{
	unsigned n;
	all_goroutines(m_self()->s, &n);
	return (n + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
}

/* The dead. */
static void must_have_no_stack(void)
{
	unsigned n;
	struct G *const *all = all_goroutines(m_self()->s, &n);
	for (unsigned i = 0; i < n; i++)
		must(status_of(&all[i]->g) != G_DEAD || !all[i]->stack.top, "a stack is left open");
}

/* Whoever allocates with little stack left has more then. */
static __attribute__((noinline)) void allocate_deep(void)
{
	struct gstack *s = &g_self()->stack;
	size_t left = (size_t)((char *)__builtin_frame_address(0) - s->low);
	size_t before = (size_t)(s->top - s->low);
	volatile char *room = __builtin_alloca(left - STACK_MARGIN - LITTLE);
	room[0] = 0;
	void **handle = gc_handle();
	gc_alloc(handle, 16, false);
	gc_release(handle);
	must((size_t)(s->top - s->low) > before, "a stack has no room for what it does");
}

/* A collector, and all that it has seen. */
static void collect(void)
{
	struct gc_config gc = { .heap_bytes = 1 << 16 };
	struct gc_counts counts;
	gc_begin(&gc);
	gc_look(&counts);
	must(counts.cycles == 0 && counts.handles == 0 && counts.allocated == 0 &&
		     counts.pause_ns == 0 && counts.freed == 0, "a new collector has a past");
	void **handle = gc_handle();
	void *object = gc_alloc(handle, 64, false);
	gc_collect();
	gc_look(&counts);
	must(gc_taken() == whole_tickets(), "goroutines were marked in vain, or not at all");
	must_have_no_stack();
	must(counts.longest_pause_ns == counts.pause_ns, "one pause is not the longest");
	must(counts.cycles == 1 && counts.handles == 1 && counts.allocated == 1 &&
		     *handle == object, "a cycle is counted wrong");
	gc_release(handle);
	allocate_deep();
	gc_end(&counts);
	must(counts.handles == 0, "handles do not add up");
}

static void first(void *arg)
{
	struct sched *s = m_self()->s;
	unsigned n;
	(void)arg;
	memset(ran, 0, sizeof ran);
	word_init(&done, 0);
	for (int i = 0; i < MANY; i++)
		go(once, &ran[i]);
	await_count(&done, MANY);
	struct G *const *all = all_goroutines(s, &n);
	must(n >= MANY + 1, "the table has fewer goroutines");
	for (unsigned i = 0; i < n; i++)
		must(all[i]->g.id == i && all[i]->s == s && all[i]->stack.all != (void *)1,
		     "a goroutine has another's number");
	for (int i = 0; i < TIMES; i++)
		collect();
}

/* Called by each worker, as the first of all. */
static void worker_starts(unsigned id)
{
	/* relaxed: a set */
	uint32_t seen = fetch_add_relaxed(&workers, UINT32_C(1) << id);
	must(id < MOST_WORKERS && !(seen >> id & 1), "two workers have one number");
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 1, .stack_bytes = 32 << 10,
				   .worker_started = worker_starts };
	for (int i = 0; i < TIMES; i++) {
		memset(&s->counts, 0xa5, sizeof s->counts);
		word_init(&workers, 0);
		run_program(s, me, &c, first);
		must(s->counts.started == MANY + 1 + TIMES && s->counts.stops == 2 * TIMES &&
			     s->counts.timers == 0, "figures are wrong");
		/* relaxed: nobody is left */
		must(load_relaxed(&workers) == (UINT32_C(1) << s->counts.workers) - 1,
		     "workers are not numbered from 0");
	}
}

CASE(again,
     .purpose = "a program after another one, of which nothing is left",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
