/* Two open, grow, close and trim stacks of one scheduler at once: each has a
 * window of its own, and nothing is touched without its lock (which data races
 * tell). */
#include <string.h>

#include "checks/must.h"
#include "sched/stack.h"

enum { USERS = 2, MOST = 32 << 10, AT_ONCE = 2, DIRT = 0xa5 };

struct state {
	struct stacks all;
	char *top[USERS];
};

static void use(struct state *s, int who)
{
	struct gstack g;
	for (int i = 0; i < 2; i++) {
		must(stack_open(&s->all, &g) == 0, "a stack was not opened");
		g.low[0] = (char)who;
		must(stack_grow(&g, g.top - 1, s->all.least) == 0, "a stack did not grow");
		g.low[0] = (char)who;
		must(g.top[-1] == 0 || i > 0, "a new stack holds something");
		g.top[-1] = (char)(who + 1);
		must(g.top[-1] == who + 1 && g.low[0] == who, "two have one window");
		if (i == 0) {
			stack_close(&g);
			stacks_trim(&s->all, 1);
		}
	}
	s->top[who] = g.top;
}

static void one(void *state, struct slot *me)
{
	use(state, 0);
	came_through(me);
}

static void other(void *state, struct slot *me)
{
	use(state, 1);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(&s->all, DIRT, sizeof s->all);
	stacks_init(&s->all, MOST, AT_ONCE);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	return judge_two(slots, slots[0].got[0] && slots[1].got[0] && s->top[0] != s->top[1]);
}

CASE(stacks_vs_stacks,
     .purpose = "two open, grow, close and trim stacks at once",
     .state_size = sizeof(struct state),
     .actor = { { "one", one }, { "other", other } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
