/* links: targets/spanset targets/base/lock.c stress/world.c */
#include "base/watch.h"
#include "spanset/spanset.h"
#include "tests/unit/check.h"

enum { ENTRIES = 4, SPINE = 2, MANY = 1000 };

static struct span_memory memory;
static struct span_pool pool;
static struct span_set set;
static struct span_set *const sets[] = { &set };
static int item[MANY];

static void begin(uint32_t entries, uint32_t spine)
{
	span_memory_end(&memory);
	span_memory_init(&memory, NULL, 0);
	span_pool_init(&pool, &memory, entries, true);
	span_set_init(&set, &pool, spine);
}

static void push_items(int n)
{
	for (int i = 0; i < n; i++)
		span_push(&set, &item[i]);
}

static void pop_items(int n)
{
	for (int i = 0; i < n; i++)
		CHECK_EQ(span_pop(&set), &item[i]);
}

static struct span_audit audit(void)
{
	return span_audit(&pool, sets, 1);
}

static struct span_block *first_block(void)
{
	/* relaxed: one thread, here and below */
	return (struct span_block *)load_relaxed((wordptr *)load_relaxed(&set.spine));
}

/* --- the stack --- */

TEST(stack_is_last_in_first_out_and_counts_pushes)
{
	static struct stack_node node[3];
	struct stack s = { 0 };
	CHECK_EQ(stack_pop(&s), NULL);
	for (int i = 0; i < 3; i++)
		stack_push(&s, &node[i]);
	CHECK_EQ(stack_first(&s), &node[2]);
	CHECK_EQ(stack_below(&node[2]), &node[1]);
	for (int i = 2; i >= 0; i--)
		CHECK_EQ(stack_pop(&s), &node[i]);
	CHECK_EQ(stack_pop(&s), NULL);
	stack_push(&s, &node[0]);
	CHECK_EQ(node[0].pushes, 2);
}

/* The tag may wrap, the address may not. */
TEST(a_tag_wraps_without_touching_the_address)
{
	static struct stack_node node = { .pushes = (1u << 19) - 1 };
	struct stack s = { 0 };
	stack_push(&s, &node);
	CHECK_EQ(stack_pop(&s), &node);
}

TEST(an_address_that_does_not_fit_is_refused)
{
	struct stack s = { 0 };
	char *far = (char *)world_map(4096) + 4;
	CHECK_DIES(stack_push(&s, (struct stack_node *)far), "48 bits and multiples of 8");
}

/* --- the set --- */

TEST(items_come_out_once_and_blocks_go_to_the_pool)
{
	begin(ENTRIES, SPINE);
	CHECK_EQ(span_pop(&set), NULL);
	push_items(MANY);
	CHECK_EQ(audit().live, MANY / ENTRIES);
	CHECK_EQ(audit().pooled, 0);
	pop_items(MANY);
	CHECK_EQ(span_pop(&set), NULL);
	struct span_audit a = audit();
	CHECK_EQ(a.pooled, MANY / ENTRIES);
	CHECK_EQ(a.leaked + span_early(&a), 0);
}

TEST(the_spine_doubles_and_keeps_what_it_had)
{
	begin(ENTRIES, SPINE);
	push_items(MANY);
	CHECK_EQ(set.spine_room, 256);
	CHECK_EQ(memory.spines, 8); /* 2, 4 ... 256 */
	pop_items(MANY);
}

TEST(a_steady_set_lives_on_few_blocks)
{
	begin(ENTRIES, SPINE);
	for (int round = 0; round < MANY; round++) {
		push_items(3);
		pop_items(3);
		if (round % 100 == 0)
			span_reset(&set);
	}
	/* peak items / entries + threads + 1 */
	CHECK(audit().allocated <= 3 / ENTRIES + 1 + 1);
	CHECK_EQ(memory.blocks, audit().allocated);
	CHECK_EQ(memory.block_bytes, memory.blocks * span_block_bytes(ENTRIES));
}

TEST(reset_gives_back_the_half_used_block)
{
	begin(ENTRIES, SPINE);
	push_items(2);
	pop_items(2);
	CHECK_EQ(audit().live, 1);
	span_reset(&set);
	CHECK_EQ(audit().pooled, 1);
	CHECK_EQ(audit().leaked, 0);
	push_items(ENTRIES);
	CHECK_EQ(audit().allocated, 1);
	pop_items(ENTRIES);
}

TEST(every_fatal_check_throws)
{
	begin(ENTRIES, SPINE);
	CHECK_DIES(span_push(&set, NULL), "what is no item");
	CHECK_DIES(span_push(&set, (void *)SPAN_POISON), "what is no item");
	push_items(1);
	CHECK_DIES(span_reset(&set), "with items");
	word_init(&set.index, UINT32_MAX);
	CHECK_DIES(span_push(&set, item), "too many pushes");
	CHECK_DIES(span_pool_init(&pool, &memory, 3, false), "a power of two");
	begin(1, 1);
	CHECK_DIES(span_push_at(&set, 5, item), "more pushers at once");
	begin(ENTRIES, SPINE);
	push_items(ENTRIES - 1);
	pop_items(ENTRIES - 1);
	word_init(&first_block()->popped, 0);
	CHECK_DIES(span_reset(&set), "nothing was popped");
	word_init(&first_block()->popped, ENTRIES);
	CHECK_DIES(span_reset(&set), "was not freed");
	/* relaxed: one thread */
	word_init((wordptr *)load_relaxed(&set.spine), 0);
	CHECK_DIES(span_push(&set, item), "no block where");
	/* relaxed: one thread */
	word_init((wordptr *)load_relaxed(&set.spine), SPAN_POISON);
	CHECK_DIES(span_push(&set, item), "was freed");
}

/* --- the audit: each oracle sees its broken subject --- */

TEST(the_audit_sees_a_leaked_block)
{
	begin(ENTRIES, SPINE);
	push_items(ENTRIES);
	pop_items(ENTRIES);
	CHECK(stack_pop(&pool.free) != NULL);
	CHECK_EQ(audit().leaked, 1);
	CHECK_EQ(audit().leaked_bytes, span_block_bytes(ENTRIES));
}

TEST(the_audit_sees_a_write_into_a_pooled_block)
{
	begin(ENTRIES, SPINE);
	push_items(ENTRIES);
	pop_items(ENTRIES);
	struct span_block *b = (struct span_block *)stack_first(&pool.free);
	watch_allow(b, sizeof *b + sizeof b->entry[0] * ENTRIES); /* as no bug does */
	/* relaxed: one thread */
	store_relaxed(&b->entry[1], (uintptr_t)item);
	CHECK_EQ(audit().written, 1);
	/* and so does whoever takes it out of the pool */
	push_items(1);
	CHECK_EQ(audit().written, 1);
	CHECK_EQ(span_early(&(struct span_audit){ .written = 1 }), 1);
}

TEST(the_audit_sees_a_block_gone_from_under_its_items)
{
	begin(ENTRIES, SPINE);
	push_items(2);
	struct span_block *b = first_block();
	/* relaxed: one thread */
	span_pool_put(&pool, (wordptr *)load_relaxed(&set.spine), b);
	CHECK_EQ(audit().gone, 1);
	CHECK_DIES(span_pop(&set), span_freed_early);
}

TEST(the_audit_sees_a_block_pooled_twice)
{
	begin(ENTRIES, SPINE);
	push_items(ENTRIES);
	pop_items(ENTRIES);
	stack_push(&pool.free, &((struct span_block *)stack_first(&pool.free))->node);
	CHECK(audit().twice > 0);
}
