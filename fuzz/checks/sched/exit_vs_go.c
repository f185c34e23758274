/* Goroutines end and begin on two processors at once, one of which has as many
 * dead ones as it keeps; and somebody looks at the table of all. */
#include "checks/sched/two.h"

enum { KEPT = 64, ALIVE = 4 };

static void nothing(void *arg)
{
	(void)arg;
}

/* None where the first ones that begin are those that have ended. */
static void look(struct state *st)
{
	enum { AT_ONCE = 16 };
	unsigned n;
	struct G *const *all = all_goroutines(&st->s, &n);
	must(n % AT_ONCE == 0 && !all == (n == 0), "the table has fewer goroutines, or more");
	for (unsigned i = 0; i < n; i++)
		must(all[i]->g.id == i, "a goroutine has another's number");
}

/* Two of its goroutines end; where they go, others find them. */
static void ender(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 0);
	for (int i = 0; i < 2; i++)
		park_exited(m, &st->g[i]);
	must(m->p->frees == KEPT && !m->p->free, "more dead ones are kept, or fewer");
	look(st);
	came_through(me);
}

static void beginner(void *state, struct slot *me)
{
	struct state *st = state;
	struct P *p = state_as(st, 1)->p;
	for (int i = 0; i < 3; i++)
		go(nothing, NULL);
	look(st);
	/* relaxed: the owner's */
	must(load_relaxed(&p->next) != 0 && load_relaxed(&p->tail) == 2, "one was not queued");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	enum { AT_ONCE = 4 };
	struct state *st = two_begin(state);
	(void)slots;
	stacks_init(&st->s.stacks, 1, AT_ONCE);
	state_p(st, 0)->frees = KEPT;
	word_init(&st->s.alive, ALIVE);
	for (int i = 0; i < 2; i++)
		word_init(&st->g[i].g.status, G_RUNNING);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: nothing moves any more */
	return judge_two(slots, slots[0].got[0] && slots[1].got[0] &&
					load_relaxed(&st->s.alive) == ALIVE + 1 &&
					load_relaxed(&st->s.started) == 3);
}

CASE(exit_vs_go,
     .purpose = "goroutines end and begin on two processors at once",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "ender", ender }, { "beginner", beginner } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
