/* Work comes, to each place there is, at many moments while a worker looks
 * around for some, or lingers: it finds it. */
#include "checks/sched/two.h"

enum { DELAYS = 8, TURNS = 3, FIRST = 1, SECOND = 2, ALL = 5 * DELAYS };

struct work {
	struct state st;
	word32 taken;
};

static void take(struct work *w, struct G *g)
{
	must(g == &w->st.g[FIRST] || g == &w->st.g[SECOND], "nobody has readied that one");
	status_set(&g->g, G_RUNNABLE, G_RUNNING);
	status_set(&g->g, G_RUNNING, G_WAITING);
	/* pairs with: giver() — it may be readied again */
	fetch_add_release(&w->taken, 1);
}

/* With a step each: others come first. */
static void wait_for(struct work *w, uint32_t turns)
{
	while (turns-- > 0) {
		world_relax();
		store_relaxed(&w->st.mark, turns); /* relaxed: nobody reads it */
	}
}

static void to_all(struct work *w, struct G *g)
{
	mutex_lock(&w->st.s.lock);
	global_put(&w->st.s, g, g, 1);
	mutex_unlock(&w->st.s.lock);
}

static void to_own_ring(struct work *w, struct G *g)
{
	runq_put(state_p(&w->st, 0), g);
}

static void to_another(struct work *w, struct G *g)
{
	runq_send(state_p(&w->st, 1), g, g);
}

/* Before it another one, which has its turn while somebody looks at it. */
static void to_be_next(struct work *w, struct G *g)
{
	struct P *p = state_p(&w->st, 0);
	status_ready(&w->st.g[SECOND].g);
	runq_put_next(p, &w->st.g[SECOND]);
	wait_for(w, TURNS);
	struct G *mine = runq_get(p, false);
	/* relaxed: own word */
	store_relaxed(&p->tick, load_relaxed(&p->tick) + 1);
	runq_put_next(p, g);
	if (mine)
		take(w, mine);
}

/* Whoever has gone to sleep looks again. No thread is started. */
static void wake(struct sched *s)
{
	/* relaxed: a glance */
	if (load_relaxed(&s->idle_ps) == 0)
		return;
	mutex_lock(&s->lock);
	if (s->idle_m)
		idle_start(s, idle_get(s), false);
	mutex_unlock(&s->lock);
}

static void giver(void *state, struct slot *me)
{
	static void (*const give[])(struct work *, struct G *) = { to_all, to_own_ring, to_another,
								   to_be_next };
	struct work *w = state;
	uint32_t given = 0;
	state_as(&w->st, 0);
	for (uint32_t i = 0; i < 4 * DELAYS; i++) {
		wait_for(w, i / 4 * TURNS);
		status_ready(&w->st.g[FIRST].g);
		give[i % 4](w, &w->st.g[FIRST]);
		given += i % 4 == 3 ? 2 : 1;
		while (load_acquire(&w->taken) < given) { /* pairs with: take() */
			wake(&w->st.s);
			world_relax();
		}
	}
	came_through(me);
}

static void looker(void *state, struct slot *me)
{
	struct work *w = state;
	struct M *m = state_as(&w->st, 1);
	/* The last one is its own. pairs with: take() */
	while (load_acquire(&w->taken) < ALL) {
		struct G *g = schedule_find(m);
		if (m->spinning)
			idle_found(m);
		take(w, g);
	}
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct work *w = state;
	struct state *st = two_begin(&w->st);
	(void)slots;
	word_init(&w->taken, 0);
	word_init(&st->s.last_poll, 0); /* somebody polls */
	for (unsigned i = 0; i < GS; i++)
		word_init(&st->g[i].g.status, G_WAITING);
}

CASE(lingers,
     .purpose = "work that comes while a worker looks for some, or lingers",
     .whole = true,
     .state_size = sizeof(struct work), .state_align = _Alignof(struct work),
     .actor = { { "giver", giver }, { "looker", looker } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
