/* Run queues against lists of what they should hold: the ring of each of two
 * processors, what runs next there and what was sent there, and the queue of
 * all. */
#include "checks/sched/lists.h"
#include "checks/sched/two.h"

enum { OPERATIONS = 1000 };

/* One that is in no queue; NULL: all are. */
static struct G *idle_one(struct state *st, uint32_t in)
{
	for (int i = 0; i < GS; i++)
		if (!(in >> i & 1))
			return &st->g[i];
	return NULL;
}

/* Whoever comes out of a queue is in none. */
static void came(const struct state *st, const struct G *g, const struct G *expected, uint32_t *in)
{
	must(g == expected, "another goroutine came, or none");
	if (g)
		*in &= ~(1u << (g - st->g));
}

static void one_operation(struct state *st, struct expected *e, uint32_t *in, uint32_t random)
{
	unsigned p = random & 1;
	bool second = random & 2;
	struct P *own = state_p(st, p);
	struct G *g = idle_one(st, *in);
	uint32_t which = random / 4 % 13;
	if (which <= 5 && g) {
		*in |= 1u << (g - st->g);
		if (which == 0) {
			struct G *old = expect_next(e, p);
			e->next[p] = g;
			if (old)
				expect_put(e, p, old);
			runq_put_next(own, g);
		} else if (which == 5) {
			append(&e->global, g);
			mutex_lock(&st->s.lock);
			global_put(&st->s, g, g, 1);
			mutex_unlock(&st->s.lock);
		} else if (which == 1) {
			expect_send(e, p, g);
			runq_send(own, g, g);
		} else {
			expect_put(e, p, g);
			runq_put(own, g);
		}
	} else if (which <= 8) {
		struct G *expected = expect_get(e, p, second);
		came(st, runq_get(own, second), expected, in);
	} else if (which == 9 && e->ring[p].n == 0) {
		struct G *expected = expect_steal(e, p, second);
		came(st, runq_steal(own, state_p(st, 1 - p), second), expected, in);
	} else if (which == 10) {
		while (e->sent[p].n > 0)
			expect_put(e, p, take_at_front(&e->sent[p]));
		runq_receive(own);
	} else if (which > 10 && (second || e->ring[p].n == 0)) {
		struct G *expected = expect_global(e, p, second ? 1 : UINT32_MAX);
		came(st, global_get(&st->s, own, second ? 1 : UINT32_MAX), expected, in);
	}
}

static void user(void *state, struct slot *me)
{
	struct state *st = state;
	struct expected e = { 0 };
	uint32_t in = 0, random = 1;
	state_as(st, 0);
	for (int i = 0; i < OPERATIONS; i++) {
		random = random * 1664525 + 1013904223;
		one_operation(st, &e, &in, random >> 12);
		settle();
		compare_lists(st, &e);
		compare_empty(st, &e);
	}
	me->got[0] = 1;
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	return slots[0].got[0] ? CAME_THROUGH : STUCK;
}

CASE(queues,
     .purpose = "run queues against lists of what they should hold",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = two_prepare, .judge = judge, CHECK_OUTCOMES);
