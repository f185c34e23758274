/* More than one neighbour: whom a thief looks at first changes, and is another
 * for another thief; what is readied goes to each of those where it ran. */
#include "checks/must.h"
#include "checks/peek.h"
#include "sched/cases/sched_case.h"

enum { MANY = 4, ROUNDS = 24 };

struct neighbours {
	struct state st;
	struct P *table[MANY];
	_Alignas(PROC_ALIGN) char proc[MANY - PROCS][PROC_BYTES];
};

/* Every other processor has one goroutine. Returns whose the thief takes. */
static unsigned stolen_from(struct neighbours *n, struct M *thief)
{
	for (unsigned i = 1; i < MANY; i++)
		if (runq_empty(n->table[i]))
			runq_put(n->table[i], &n->st.g[i]);
	const struct G *g = schedule_find(thief);
	must(g > n->st.g && g < n->st.g + MANY, "a thief got another one, or none");
	return (unsigned)(g - n->st.g);
}

static void look_around(struct neighbours *n)
{
	unsigned seen = 0, differ = 0, first[ROUNDS];
	struct M *m = n->st.m;
	for (unsigned i = 0; i < 2 * ROUNDS; i++) {
		struct M *thief = &m[i / ROUNDS];
		unsigned from = stolen_from(n, thief);
		if (thief == m)
			first[i] = from;
		else
			differ += from != first[i - ROUNDS];
		seen |= 1u << from;
		if (i == ROUNDS - 1) {
			must(seen == (1u << MANY) - 2, "a thief never begins with some");
			m[1].p = m[0].p;
			m[0].p = NULL;
		}
	}
	must(differ > 0, "two thieves look in one order");
	m[0].p = m[1].p;
	m[1].p = NULL;
}

/* What was sent to a processor, in order. */
static void must_have(struct P *p, const struct G *a, const struct G *b, const struct G *c)
{
	const struct G *expected[] = { a, b, c, NULL }, *g = (const struct G *)peek(&p->sent);
	for (int i = 0; expected[i]; i++, g = g->link)
		must(g == expected[i], "another was sent, or in another order");
	must(!g, "more was sent");
}

static void send_home(struct neighbours *n)
{
	static const unsigned home[GS] = { 1, 1, 2, 0, 2, 1 };
	struct G *g = n->st.g;
	struct g *list[GS];
	for (int i = 0; i < GS; i++) {
		word_init(&g[i].g.status, G_WAITING);
		g[i].home = n->table[home[i]];
		list[i] = &g[i].g;
	}
	n->st.m[0].cur = &g[0];
	schedule_inject(&n->st.s, &n->st.m[0], list, GS);
	settle();
	must_have(n->table[1], &g[5], &g[0], &g[1]);
	must_have(n->table[2], &g[2], &g[4], NULL);
	must_have(n->table[3], NULL, NULL, NULL);
	must(runq_get(n->table[0], false) == &g[3] && runq_empty(n->table[0]), "more stays here");
}

static void user(void *state, struct slot *me)
{
	struct neighbours *n = state;
	state_as(&n->st, 0);
	look_around(n);
	for (unsigned i = 1; i < MANY; i++)
		runq_get(n->table[i], false);
	send_home(n);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct neighbours *n = state;
	(void)slots;
	memset(n, 0, sizeof *n);
	state_init(&n->st);
	n->st.s.procs = MANY;
	n->st.s.p = n->table;
	for (unsigned i = 0; i < MANY; i++) {
		struct P *p = i < PROCS ? state_p(&n->st, i) : (struct P *)n->proc[i - PROCS];
		proc_init(p, &n->st.s, i, SLOTS);
		word_init(&p->status, P_RUNNING);
	}
	n->st.m[0].p = n->table[0];
	n->st.m[0].spinning = n->st.m[1].spinning = true;
	word_init(&n->st.s.spinning, 2);
}

CASE(neighbours,
     .purpose = "thieves and what is readied among four processors",
     .whole = true,
     .state_size = sizeof(struct neighbours), .state_align = _Alignof(struct neighbours),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
