/* What no user of a span set may do, and sets that are broken, are told. */
#include "checks/misuse.h"
#include "spanset/memory.h"
#include "spanset/stack.h"

enum { ENTRIES = 2, SPINE = 1 };

struct state {
	struct span_memory memory;
	struct span_pool pool;
	struct span_set set;
	_Alignas(64) char node[64];
	long item[ENTRIES];
};

/* The block that the spine begins with. relaxed, here and below: nobody else is
 * there */
static wordptr *first_slot(struct state *s)
{
	return (wordptr *)load_relaxed(&s->set.spine);
}

static struct span_block *first_block(struct state *s)
{
	return (struct span_block *)load_relaxed(first_slot(s)); /* relaxed: as above */
}

static void push_nothing(struct state *s)
{
	span_push(&s->set, NULL);
}

static void push_poison(struct state *s)
{
	span_push(&s->set, (void *)SPAN_POISON);
}

static void reset_full(struct state *s)
{
	span_push(&s->set, &s->item[0]);
	span_reset(&s->set);
}

static void push_too_often(struct state *s)
{
	word_init(&s->set.index, UINT32_MAX);
	span_push(&s->set, &s->item[0]);
}

static void push_far(struct state *s)
{
	span_push_at(&s->set, 5 * ENTRIES, &s->item[0]);
}

static void odd_block(struct state *s)
{
	span_pool_init(&s->pool, &s->memory, 3, false);
}

static void half_used(struct state *s, uint32_t popped)
{
	span_push(&s->set, &s->item[0]);
	span_pop(&s->set);
	word_init(&first_block(s)->popped, popped);
	span_reset(&s->set);
}

static void reset_unpopped(struct state *s)
{
	half_used(s, 0);
}

static void reset_used_up(struct state *s)
{
	half_used(s, ENTRIES);
}

static void no_block(struct state *s)
{
	span_push(&s->set, &s->item[0]);
	word_init(first_slot(s), 0);
	span_push(&s->set, &s->item[1]);
}

static void freed_block(struct state *s)
{
	span_push(&s->set, &s->item[0]);
	word_init(first_slot(s), SPAN_POISON);
	span_pop(&s->set);
}

static void crooked_node(struct state *s)
{
	stack_push(&s->pool.free, (struct stack_node *)(s->node + 4));
}

static void (*const misuse[])(struct state *) = {
	push_nothing, push_poison, reset_full, push_too_often, push_far, odd_block,
	reset_unpopped, reset_used_up, no_block, freed_block, crooked_node
};

static void user(void *state, struct slot *me)
{
	(void)me;
	ONE_OF(misuse)(state);
	not_told();
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	span_memory_init(&s->memory, NULL, 0);
	span_pool_init(&s->pool, &s->memory, ENTRIES, true);
	span_set_init(&s->set, &s->pool, SPINE);
}

CASE(misuse_set,
     .purpose = "what no user of a span set may do",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("pushed what is no item"), TOLD("reset of a span set with items"),
	    TOLD("too many pushes between two resets"),
	    TOLD("more pushers at once than a block has entries"),
	    TOLD("entries of a block: a power of two"),
	    TOLD("reset of a block from which nothing was popped"),
	    TOLD("reset of a block that is used up and was not freed"),
	    TOLD(span_no_block), TOLD(span_freed_early),
	    TOLD("a stack node's address does not fit beside its tag: 48 bits and "
		 "multiples of 8 do; 57-bit address spaces are not supported")),
     CHECK_OUTCOMES);
