/* An object's end is told to who watches it, who may use the watch for
 * something else from then on. */
#include "checks/must.h"
#include "sched/cases/heap_case.h"

enum { TAKEN = 7, MARKED = 5, DEAD = 1 };

static struct watch watch; /* of the object that is not marked */

static void sweeper(void *state, struct slot *me)
{
	sweep_one(&((struct state *)state)->heap);
	came_through(me);
}

static void watcher(void *state, struct slot *me)
{
	(void)state;
	/* pairs with: tell_watches() */
	while (load_acquire(&watch.freed) == 0)
		world_relax();
	watch.next = &watch;
	watch.object = 0;
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st, 1, TAKEN, MARKED);
	watch.object = DEAD;
	watch.next = NULL;
	word_init(&watch.freed, 0);
	st->span[0].watches = &watch;
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: nothing moves any more */
	return judge_two(slots, load_relaxed(&watch.freed) == 1 && !st->span[0].watches);
}

CASE(watch_vs_sweep,
     .purpose = "a watch is used for something else once its object's end was told",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "sweeper", sweeper }, { "watcher", watcher } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
