/* More goroutines than a processor keeps for reuse: each runs once, under a
 * number of its own, and what they leave is used again. */
#include "checks/sched/run.h"
#include "sched/status.h"

enum { MANY = 70, AGAIN = 67, AT_ONCE = 16, PAGE = 4096 };

static uint8_t ran[MANY];
static word32 done;

static void once(void *arg)
{
	uint8_t *mine = arg;
	must(mine >= ran && mine < ran + MANY && *mine == 0,
	     "a goroutine ran twice, or as another");
	*mine = 1;
	count_one(&done);
}

static void start(unsigned n)
{
	memset(ran, 0, sizeof ran);
	word_init(&done, 0);
	for (unsigned i = 0; i < n; i++)
		go(once, &ran[i]);
	await_count(&done, n);
	for (unsigned i = 0; i < n; i++)
		must(ran[i] == 1, "a goroutine never ran");
}

/* Every goroutine ever made is in the table once. Returns how many are free. */
static unsigned look_at_all(struct sched *s, unsigned expected)
{
	unsigned n, dead = 0;
	struct G *const *all = all_goroutines(s, &n);
	must(n == expected, "the table has more or fewer goroutines");
	for (unsigned i = 0; i < n; i++) {
		must(all[i]->g.id == i && all[i]->s == s, "a goroutine has another's number");
		dead += status_of(&all[i]->g) == G_DEAD;
	}
	return dead;
}

static unsigned on_list(const struct G *g)
{
	unsigned n = 0;
	for (; g; g = g->link)
		n++;
	return n;
}

static void first(void *arg)
{
	enum { EVER = (1 + MANY + AT_ONCE - 1) / AT_ONCE * AT_ONCE };
	struct sched *s = m_self()->s;
	(void)arg;
	/* relaxed: the owner's */
	must(load_relaxed(&s->p[0]->tick) == 1, "the first one is not counted");
	for (int times = 0; times < 3; times++) {
		start(times ? AGAIN : MANY);
		unsigned dead = look_at_all(s, EVER);
		must(dead == EVER - 1, "the dead are counted wrong");
		must(on_list(s->p[0]->free) == s->p[0]->frees, "a processor counts its dead wrong");
		must(on_list(s->p[0]->free) + on_list(s->free) == dead, "a dead goroutine is lost");
		must(stacks_held(&s->stacks) == (MANY + 1) * 2 * (uint64_t)PAGE,
		     "stacks are not used again");
	}
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->alive) == 1, "the living are counted wrong");
}

static unsigned ends;

static void ended(struct sched *s)
{
	/* relaxed: nobody else is there */
	must(load_relaxed(&s->alive) == 0, "somebody is alive at the end");
	ends++;
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 1, .stack_bytes = 1, .ended = ended };
	run_program(s, me, &c, first);
	must(ends == 1, "the end was not told, or again");
	must(s->counts.started == 1 + MANY + 2 * AGAIN && s->counts.stops == 0, "wrong figures");
	must(s->counts.workers >= 1 && s->counts.timers == 0, "wrong figures");
}

CASE(crowd,
     .purpose = "more goroutines than a processor keeps for reuse, three times",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
