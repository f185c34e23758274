/* A set from its first block to its reset, and once more: two push and pop, the
 * last of them drains it. Each has a small one of its own too, from the same
 * pool and memory. Blocks and spines are as many as they have to be. */
#include "spanset/memory.h"

enum { EACH = 5, TAKES = 3, ENTRIES = 2, SPINE = 1, LIVES = 2 };
enum { ALL = 2 * EACH, BLOCKS = ALL / ENTRIES, OWN = 2, MOST = BLOCKS + OWN };

struct state {
	struct span_memory memory;
	struct span_pool pool;
	struct span_set set, own[OWN];
	struct span_memory small; /* whose region lasts for one spine only */
	word32 arrived;
	long stamp[ALL], own_stamp[OWN]; /* what is pushed; plain, handed over by the entry */
	uint32_t ended;
	_Alignas(64) char room[64];
};

static void must(bool holds, const char *what)
{
	if (!holds)
		world_fatal(what);
}

static bool take(struct state *s)
{
	long *item = span_pop(&s->set);
	if (item)
		must(++*item == 1, "an item was not new, or came twice");
	return item;
}

/* A drained set. */
static void look(const struct state *s)
{
	struct state *mine = (struct state *)s;
	struct span_set *sets[] = { &mine->set, &mine->own[0], &mine->own[1] };
	struct span_block *known[MOST + 1];
	struct span_audit a = span_audit(&s->pool, sets, 1 + OWN);
	must(!a.leaked && !a.gone && !a.written && !a.twice, "blocks are not where they belong");
	must(a.allocated > 0 && a.allocated <= MOST, "more blocks than there is use for");
	must(a.pooled == a.allocated && !a.live, "drained blocks are not in the pool");
	must(span_known(&s->pool, sets, 1 + OWN, known) == a.allocated, "a block is not known");
}

static void live_on(struct state *s)
{
	for (int i = 0; i < ALL; i++)
		s->stamp[i] = 0;
	for (int i = 0; i < ALL; i++)
		span_push(&s->set, &s->stamp[i]);
	for (int i = 0; i < ALL; i++)
		must(take(s), "a set of one user was empty too early");
	must(!span_pop(&s->set), "an empty set has something");
}

static void add_up(struct state *s)
{
	const struct span_memory *m = &s->memory;
	/* relaxed: the other has ended */
	uint32_t blocks = load_relaxed(&s->pool.allocated);
	must(blocks >= BLOCKS && m->blocks == blocks, "blocks do not add up");
	must(m->block_bytes == blocks * span_block_bytes(ENTRIES), "blocks' bytes do not add up");
	must(m->spines > 1 && m->spine_bytes >= 64 * m->spines, "spines do not add up");
	must(m->mapped > 0 && m->mapped % 4096 == 0, "regions do not add up");
	span_memory_end(&s->memory);
	must(!s->memory.regions, "a region is left");
	span_memory_spine(&s->small, 1);
	must(!s->small.regions, "a region that nobody needed");
	span_memory_spine(&s->small, 1);
	must(s->small.regions != NULL, "a region that somebody needs");
	span_memory_end(&s->small);
}

static void use_own(struct state *s, struct span_set *own, long *item)
{
	span_set_init(own, &s->pool, SPINE);
	for (int i = 0; i < ENTRIES; i++)
		span_push(own, item);
	for (int i = 0; i < ENTRIES; i++)
		must(span_pop(own) == item, "another's item, or none");
	must(!span_pop(own), "an empty set has something");
}

static void use(struct state *s, long *items)
{
	int me = items != s->stamp;
	use_own(s, &s->own[me], &s->own_stamp[me]);
	for (int i = 0; i < EACH; i++)
		span_push(&s->set, &items[i]);
	for (int i = 0; i < TAKES; i++)
		take(s);
	/* pairs with: each other — the last one has all */
	if (fetch_add_acq_rel(&s->arrived, 1) == 0)
		return;
	while (take(s))
		;
	for (int i = 0; i < ALL; i++)
		must(s->stamp[i] == 1, "an item was lost");
	look(s);
	span_reset(&s->set);
	look(s);
	for (int i = 0; i < LIVES; i++) {
		live_on(s);
		span_reset(&s->set);
		look(s);
	}
	add_up(s);
	s->ended = 1;
}

static void left(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	use(s, s->stamp);
}

static void right(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	use(s, s->stamp + EACH);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	span_memory_init(&s->memory, NULL, 0);
	span_memory_init(&s->small, s->room, sizeof s->room);
	span_pool_init(&s->pool, &s->memory, ENTRIES, true);
	span_set_init(&s->set, &s->pool, SPINE);
	word_init(&s->arrived, 0);
}

enum { WENT_WELL };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	return s->ended ? WENT_WELL : -1;
}

CASE(two_lives,
     .purpose = "a set is filled and drained by two, reset, and used again",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", left }, { "right", right } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "went_well", OK, NO_FAILURE, "all came once, and all blocks are there" }),
     EXPECT({ "BUG_POPPED_KEPT", FATAL, EVERY_MODEL },
	    { "BUG_BLOCK_USED", FATAL, EVERY_MODEL }));
