/* The table of all goroutines is full: it moves, with all that are in it. */
#include "checks/must.h"
#include "checks/peek.h"
#include "sched/cases/sched_case.h"
#include "world.h"

enum { FULL = 8, AT_ONCE = 16 };

static void nothing(void *arg)
{
	(void)arg;
}

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	struct sched *s = &st->s;
	unsigned n, regions = world_regions();
	state_as(st, 0);
	s->all = world_map(FULL * sizeof *s->all);
	for (unsigned i = 0; i < FULL; i++)
		s->all[i] = &st->g[i % GS];
	s->goroutines = s->all_room = FULL;
	stacks_init(&s->stacks, 1, 1);
	go(nothing, NULL);
	struct G *const *all = all_goroutines(s, &n);
	must(n == FULL + AT_ONCE && s->all_room >= n, "the table has fewer, or more");
	for (unsigned i = 0; i < FULL; i++)
		must(all[i] == &st->g[i % GS], "one was lost when the table moved");
	for (unsigned i = FULL; i < n; i++)
		must(all[i]->g.id == i && all[i]->s == s, "a goroutine has another's number");
	settle();
	stack_close(&((struct G *)peek(&state_p(st, 0)->next))->stack);
	stacks_end(&s->stacks);
	world_unmap(all[n - 1], AT_ONCE * sizeof **all);
	world_unmap(s->all, s->all_room * sizeof *s->all);
	must(world_regions() == regions, "the old table was not given back");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	state_init(state);
	state_run(state, 0);
}

CASE(roster,
     .purpose = "the table of all goroutines moves",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
