/* A program after another one, which finds nothing of it. */
#include "checks/sched/run.h"
#include "sched/status.h"

enum { MANY = 20, TIMES = 2 };

static uint16_t ran[MANY];
static word32 done;

static void once(void *arg)
{
	uint16_t *mine = arg;
	must(mine >= ran && mine < ran + MANY && !*mine, "a goroutine ran twice, or as another");
	*mine = 1;
	count_one(&done);
}

static void first(void *arg)
{
	struct gc_config gc = { .heap_bytes = 1 << 16 };
	struct gc_counts counts;
	struct sched *s = m_self()->s;
	unsigned n;
	(void)arg;
	memset(ran, 0, sizeof ran);
	word_init(&done, 0);
	gc_begin(&gc);
	gc_look(&counts);
	must(counts.cycles == 0 && counts.handles == 0 && counts.allocated == 0 &&
		     counts.pause_ns == 0 && counts.freed == 0, "a new collector has a past");
	for (int i = 0; i < MANY; i++)
		go(once, &ran[i]);
	await_count(&done, MANY);
	struct G *const *all = all_goroutines(s, &n);
	must(n >= MANY + 2, "the table has fewer goroutines");
	for (unsigned i = 0; i < n; i++)
		must(all[i]->g.id == i && all[i]->s == s && all[i]->stack.all != (void *)1,
		     "a goroutine has another's number");
	void **handle = gc_handle();
	void *object = gc_alloc(handle, 64, false);
	gc_collect();
	gc_look(&counts);
	must(counts.cycles == 1 && counts.handles == 1 && counts.allocated == 1 &&
		     *handle == object, "a cycle is counted wrong");
	gc_release(handle);
	gc_end(&counts);
	must(counts.handles == 0, "handles do not add up");
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 1, .stack_bytes = 1 };
	for (int i = 0; i < TIMES; i++) {
		memset(&s->counts, 0xa5, sizeof s->counts);
		run_program(s, me, &c, first);
		must(s->counts.started == MANY + 2 && s->counts.stops == 2 &&
			     s->counts.timers == 0, "figures are wrong");
	}
}

CASE(again,
     .purpose = "a program after another one, of which nothing is left",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
