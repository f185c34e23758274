/* Subjects of the explorer's race detector: pairs of programs that differ in
 * what orders their plain accesses. A case named race_... must be a data_race,
 * ordered_... must not.
 */
#include <string.h>

#include "base/case.h"
#include "base/lock.h"

struct block { char bytes[40]; };

struct state {
	_Alignas(8) word32 flag;
	word32 other;
	mutex lock;
	uint32_t data, beside;
	struct block from, to;
	word64 parked;
	world_thread child;
};

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(s, 0, sizeof *s);
	mutex_init(&s->lock);
	word_init(&s->flag, 0);
	word_init(&s->other, 0);
	word_init(&s->parked, 0);
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	(void)slots;
	return 0;
}

#define RACES(id, why, ...)                                                              \
	CASE(id, .purpose = why, .state_size = sizeof(struct state), .actor = __VA_ARGS__, \
	     .prepare = prepare, .judge = judge,                                         \
	     OUTCOMES({ "ran", OK, NO_FAILURE, "it ran to its end" }),                   \
	     EXPECT({ "fixed", DATA_RACE, EVERY_MODEL }))
#define ORDERED(id, why, ...)                                                            \
	CASE(id, .purpose = why, .state_size = sizeof(struct state), .actor = __VA_ARGS__, \
	     .prepare = prepare, .judge = judge,                                         \
	     OUTCOMES({ "ran", OK, NO_FAILURE, "it ran to its end" }))

#define ACTOR(name) static void name(void *state, struct slot *me)
#define USE struct state *s = state; (void)s; (void)me

ACTOR(write_plain) { USE; s->data = 1; }
ACTOR(read_plain) { USE; me->got[0] = s->data; }
ACTOR(write_beside) { USE; s->beside = 1; }
RACES(race_writes, "two plain writes", { { "a", write_plain }, { "b", write_plain } });
RACES(race_read_write, "a plain read and a plain write",
      { { "reader", read_plain }, { "writer", write_plain } });
ORDERED(ordered_reads, "two plain reads", { { "a", read_plain }, { "b", read_plain } });
ORDERED(ordered_beside, "two words of one granule",
	{ { "a", write_plain }, { "b", write_beside } });

ACTOR(write_locked)
{
	USE;
	mutex_lock(&s->lock);
	s->data++;
	mutex_unlock(&s->lock);
}
ORDERED(ordered_lock, "plain increments under a lock",
	{ { "a", write_locked }, { "b", write_locked }, { "c", write_locked } });
RACES(race_half_locked, "one side forgets the lock",
      { { "a", write_locked }, { "b", write_plain } });

/* pairs with: each other, as the case's name says */
ACTOR(send_release) { USE; s->data = 1; store_release(&s->flag, 1); }
ACTOR(send_relaxed) { USE; s->data = 1; store_relaxed(&s->flag, 1); }
ACTOR(receive_acquire) { USE; if (load_acquire(&s->flag) == 1) me->got[0] = s->data; }
ACTOR(receive_relaxed) { USE; if (load_relaxed(&s->flag) == 1) me->got[0] = s->data; }
ORDERED(ordered_message, "message by release and acquire",
	{ { "sender", send_release }, { "receiver", receive_acquire } });
RACES(race_relaxed_send, "the flag's store is relaxed",
      { { "sender", send_relaxed }, { "receiver", receive_acquire } });
RACES(race_relaxed_receive, "the flag's load is relaxed",
      { { "sender", send_release }, { "receiver", receive_relaxed } });

ACTOR(send_fence) { USE; s->data = 1; fence_seq_cst(); store_relaxed(&s->flag, 1); }
ACTOR(receive_fence)
{
	USE;
	uint32_t seen = load_relaxed(&s->flag);
	fence_seq_cst();
	if (seen == 1)
		me->got[0] = s->data;
}
ORDERED(ordered_fences, "message by fences",
	{ { "sender", send_fence }, { "receiver", receive_fence } });
ORDERED(ordered_fence_acquire, "release by a fence, acquire by the load",
	{ { "sender", send_fence }, { "receiver", receive_acquire } });
ORDERED(ordered_release_fence, "release by the store, acquire by a fence",
	{ { "sender", send_release }, { "receiver", receive_fence } });

/* What comes after a release is not published by it.
 * pairs with: receive_acquire() */
ACTOR(send_too_late) { USE; store_release(&s->flag, 1); s->data = 1; }
ACTOR(fence_too_early) { USE; fence_seq_cst(); s->data = 1; store_relaxed(&s->flag, 1); }
RACES(race_after_release, "the data comes after the flag",
      { { "sender", send_too_late }, { "receiver", receive_acquire } });
RACES(race_after_fence, "the data comes after the fence",
      { { "sender", fence_too_early }, { "receiver", receive_acquire } });

ACTOR(add_relaxed) { USE; if (load_relaxed(&s->flag) == 1) fetch_add_relaxed(&s->flag, 1); }
ACTOR(store_over) { USE; if (load_relaxed(&s->flag) == 1) store_relaxed(&s->flag, 2); }
ACTOR(receive_two) { USE; if (load_acquire(&s->flag) == 2) me->got[0] = s->data; }
ORDERED(ordered_release_sequence, "a read-modify-write continues a release sequence",
	{ { "sender", send_release }, { "adder", add_relaxed }, { "receiver", receive_two } });
RACES(race_broken_sequence, "another thread's store ends a release sequence",
      { { "sender", send_release }, { "storer", store_over }, { "receiver", receive_two } });

ACTOR(write_word) { USE; *(volatile uint32_t *)&s->flag = 1; }
ACTOR(load_word) { USE; me->got[0] = load_relaxed(&s->flag); }
ACTOR(read_word) { USE; me->got[0] = *(volatile uint32_t *)&s->flag; }
ACTOR(swap_word) { USE; exchange_seq_cst(&s->flag, 1); }
RACES(race_plain_atomic, "a plain write and an atomic load of the same word",
      { { "writer", write_word }, { "loader", load_word } });
RACES(race_read_swap, "a plain read and an exchange",
      { { "reader", read_word }, { "swapper", swap_word } });
ORDERED(ordered_read_load, "a plain read and an atomic load",
	{ { "reader", read_word }, { "loader", load_word } });

ACTOR(copy_block) { USE; s->to = s->from; }
ACTOR(write_last) { USE; s->from.bytes[39] = 1; }
ACTOR(clear_block) { USE; memset(&s->to, 0, sizeof s->to); }
RACES(race_copy, "a copied structure and a write to its last byte",
      { { "copier", copy_block }, { "writer", write_last } });
RACES(race_clear, "two writers of whole structures",
      { { "copier", copy_block }, { "clearer", clear_block } });

static bool publish(struct g *g, void *word)
{
	/* pairs with: wake_parked() load */
	store_release((word64 *)word, (uintptr_t)g);
	return true;
}
ACTOR(park_then_read) { USE; runtime->park(publish, &s->parked); me->got[0] = s->data; }
ACTOR(write_then_wake)
{
	USE;
	uintptr_t g;
	s->data = 1;
	/* pairs with: publish() */
	while ((g = load_acquire(&s->parked)) == 0)
		world_relax();
	runtime->ready((struct g *)g);
}
ACTOR(wake_then_write)
{
	USE;
	uintptr_t g;
	/* pairs with: publish() */
	while ((g = load_acquire(&s->parked)) == 0)
		world_relax();
	runtime->ready((struct g *)g);
	s->data = 1;
}
ORDERED(ordered_park, "readying hands over what was written before",
	{ { "waiter", park_then_read }, { "waker", write_then_wake } });
RACES(race_park, "but not what is written after",
      { { "waiter", park_then_read }, { "waker", wake_then_write } });

static void child_writes(void *state) { ((struct state *)state)->data = 1; }
ACTOR(start_join_read)
{
	USE;
	s->data = 2;
	if (world_thread_start(&s->child, child_writes, s) == 0)
		world_thread_join(s->child);
	me->got[0] = s->data;
}
ACTOR(start_read_join)
{
	USE;
	if (world_thread_start(&s->child, child_writes, s) == 0) {
		me->got[0] = s->data;
		world_thread_join(s->child);
	}
}
static void child_reads(void *state)
{
	struct state *s = state;
	/* relaxed: only keeps the value in use */
	store_relaxed(&s->other, s->data);
}
ACTOR(start_then_write)
{
	USE;
	if (world_thread_start(&s->child, child_reads, s) == 0) {
		s->data = 1;
		world_thread_join(s->child);
	}
}
RACES(race_after_start, "a write after the start", { { "parent", start_then_write } });
ORDERED(ordered_thread, "starting and joining order", { { "parent", start_join_read } });
RACES(race_thread, "read before the join", { { "parent", start_read_join } });

ACTOR(mixed_sizes)
{
	USE;
	store_relaxed(&s->flag, 1);
	word64 *wide = state + offsetof(struct state, flag);
	me->got[0] = load_relaxed(wide);
}
/* The same memory, put to another use in between. */
ACTOR(reuse_memory)
{
	USE;
	store_seq_cst(&s->flag, 1);
	word64 *wide = state + offsetof(struct state, flag);
	memset(wide, 0, sizeof *wide);
	me->got[0] = load_relaxed(wide);
}
ORDERED(ordered_reuse, "plain writes begin a word anew, of another size too",
	{ { "a", reuse_memory } });
ORDERED(mixed_sizes, "one word accessed atomically with two sizes: refused",
	{ { "a", mixed_sizes } });
