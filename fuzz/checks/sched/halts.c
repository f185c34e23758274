/* The world is stopped by two in turn while others run, sleep, sit in system
 * calls and move their stacks: who stands still stands still, and all go on. */
#include "checks/sched/run.h"

enum { STOPS = 2, STOPPERS = 2, RUNNERS = 2, LOOKS = 4, DEPTH = 5, FRAME = 2000, HELPERS = 2,
       MOST_WORKERS = 32 };
#define MS INT64_C(1000000)

static long turns[RUNNERS]; /* plain: who reads them has stopped the world */
static word32 stopped, left;
static long helps[MOST_WORKERS]; /* plain: each worker's own, until sched_help() is over */

static void help(void *arg)
{
	must(arg == helps, "a helper got another's argument");
	must(m_self()->id < MOST_WORKERS, "this check has no room for so many workers");
	helps[m_self()->id]++;
}

static void look_at_runners(long seen[RUNNERS])
{
	for (int i = 0; i < RUNNERS; i++)
		seen[i] = turns[i];
}

static void stand_still(void)
{
	struct sched *s = m_self()->s;
	struct P *own = m_self()->p;
	long before[RUNNERS], after[RUNNERS];
	look_at_runners(before);
	for (int i = 0; i < LOOKS; i++)
		world_relax();
	look_at_runners(after);
	must(memcmp(before, after, sizeof before) == 0, "somebody ran while the world stood still");
	/* relaxed: the world stands still */
	for (unsigned i = 0; i < s->procs; i++)
		must(load_relaxed(&s->p[i]->status) == P_STOPPED && !s->p[i]->m == (s->p[i] != own),
		     "a processor does not stand still");
	/* relaxed: as above */
	must(load_relaxed(&s->idle_ps) == 0 && !s->idle_p,
	     "a processor is idle in a stopped world");
	unsigned n = sched_help(HELPERS, help, helps), all = 0;
	for (int i = 0; i < MOST_WORKERS; i++) {
		must(helps[i] <= 1, "somebody helped twice");
		all += (unsigned)helps[i];
		helps[i] = 0;
	}
	must(n >= 1 && n <= HELPERS + 1 && all == n, "help was counted wrong");
}

static void stopper(void *arg)
{
	(void)arg;
	for (int i = 0; i < STOPS; i++) {
		stop_the_world();
		/* pairs with: whoever else stops it */
		must(exchange_acq_rel(&stopped, 1) == 0, "two have stopped the world");
		stand_still();
		store_release(&stopped, 0); /* pairs with: as above */
		start_the_world();
		go_yield();
	}
	count_one(&left);
}

/* Each frame holds its depth, and finds it again. */
static __attribute__((noinline)) long dive(long depth)
{
	volatile long frame[FRAME / sizeof(long)];
	stack_need(FRAME + 512);
	frame[0] = frame[FRAME / sizeof(long) - 1] = depth;
	long below = depth ? dive(depth - 1) : 0;
	must(frame[0] == depth && frame[FRAME / sizeof(long) - 1] == depth,
	     "a stack lost what was on it");
	return below + 1;
}

static void runner(void *arg)
{
	long *mine = arg;
	/* pairs with: stopper(), by count_one() */
	while (load_acquire(&left) < STOPPERS) {
		++*mine;
		must(dive(DEPTH) == DEPTH + 1, "a stack is another's");
		syscall_enter();
		world_relax();
		syscall_exit();
		go_sleep(MS);
		go_check();
	}
}

static void first(void *arg)
{
	(void)arg;
	for (int i = 0; i < RUNNERS; i++)
		go(runner, &turns[i]);
	for (int i = 0; i < STOPPERS; i++)
		go(stopper, NULL);
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 3, .stack_bytes = 32 << 10 };
	run_program(s, me, &c, first);
	must(s->counts.started == 1 + RUNNERS + STOPPERS, "goroutines are counted wrong");
	must(s->counts.stops == STOPS * STOPPERS, "stops are counted wrong");
	must(s->counts.timers == (uint64_t)(turns[0] + turns[1]), "timers are counted wrong");
}

CASE(halts,
     .purpose = "two stop the world in turn while others run, sleep, call and grow",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
