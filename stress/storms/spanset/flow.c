/* Producers and consumers of one set in all mixes and numbers, also more than
 * there are processors. Each episode is drained and audited; the pool, and what
 * has leaked from it, lives as long as nothing is broken.
 */
#include "base/world.h"
#include "storms/spanset/report.h"

enum { QUOTA = 4000, SMALLEST_BLOCK = 2 };

static const struct mix {
	unsigned producers, consumers, both;
} mixes[] = {
	{ 0, 0, 2 }, { 1, 1, 0 }, { 0, 0, 4 }, { 2, 2, 0 },  { 1, 3, 0 },
	{ 3, 1, 0 }, { 0, 0, 8 }, { 4, 4, 0 }, { 2, 2, 4 }, { 0, 0, 16 },
};
/* Which of them a storm takes in turns. */
static const struct range {
	unsigned from, n;
} pair_mixes = { 0, 1 }, four_mixes = { 2, 4 },
  all_mixes = { 0, sizeof mixes / sizeof *mixes };

static struct work work;

static void hire(const struct storm_order *order, const struct mix *m)
{
	work.sit = order->sit;
	for (unsigned i = 0; i < m->producers; i++)
		work_hire(&work, PRODUCE, QUOTA);
	for (unsigned i = 0; i < m->consumers; i++)
		work_hire(&work, CONSUME, QUOTA);
	for (unsigned i = 0; i < m->both; i++)
		work_hire(&work, BOTH, QUOTA);
}

/* Episodes of these mixes in turns. entries: of a block; 0: as few as a mix may
 * have, so that blocks come and go fast. */
static void storm(const struct storm_order *order, struct range of, uint32_t entries)
{
	bool sound = false;
	for (unsigned n = 0; !order_is_over(order); n++) {
		const struct mix *m = &mixes[of.from + (n + order->seed) % of.n];
		uint32_t wanted = entries;
		if (!wanted)
			wanted = span_entries_for(m->producers + m->both + SMALLEST_BLOCK);
		if (!sound || work.entries != wanted) {
			work_end(&work);
			work_begin(&work, wanted);
		}
		hire(order, m);
		sound = work_run(&work, NULL);
		report_episode(order, &work);
		if (sound && !work_reset(&work)) {
			order->found(FATAL, "reset of a drained set", 1);
			sound = false;
		}
		order->counts->op[OP_RESET] += sound;
	}
	work_end(&work);
}

static void run_flow(const struct storm_order *order)
{
	storm(order, all_mixes, SPAN_ENTRIES);
}

static void run_pair(const struct storm_order *order)
{
	storm(order, pair_mixes, SPAN_ENTRIES);
}

static void run_rapids(const struct storm_order *order)
{
	storm(order, all_mixes, 0);
}

static void run_four(const struct storm_order *order)
{
	storm(order, four_mixes, 0);
}

STORM(pair,
      .purpose = "two threads that push and pop: no block is ever freed under anybody",
      .op = SPANSET_OPS, .quota = SPANSET_QUOTA, .gauge = SPANSET_GAUGES, .run = run_pair,
      MUST({ "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", MEMORY_ERROR, EVERY_MODEL }),
      MAY(FOLLOWS("BUG_POPPED_KEPT"), FOLLOWS("BUG_POP_GIVES_UP"), FOLLOWS("BUG_STACK_NO_TAG"),
	  FOLLOWS("BUG_LENGTH_FIRST"), RELAXED_FOLLOW));

STORM(four,
      .purpose = "four threads, and the smallest blocks that they may share",
      .op = SPANSET_OPS, .quota = SPANSET_QUOTA, .gauge = SPANSET_GAUGES, .run = run_four,
      MUST({ "BUG_BLOCK_USED", EARLY_FREE, EVERY_MODEL },
	   { "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POP_GIVES_UP", LOST_ITEM, EVERY_MODEL },
	   { "BUG_SMALL_BLOCK", FATAL, EVERY_MODEL }),
      MAY(FOLLOWS("BUG_BLOCK_USED"), FOLLOWS("BUG_POPPED_KEPT"), FOLLOWS("BUG_POP_GIVES_UP"),
	  FOLLOWS("BUG_STACK_NO_TAG"), FOLLOWS("BUG_LENGTH_FIRST"), FOLLOWS("BUG_SMALL_BLOCK"),
	  RELAXED_FOLLOW));

STORM(flow,
      .purpose = "producers and consumers of one set in all mixes, blocks as history has them",
      .op = SPANSET_OPS, .quota = SPANSET_QUOTA, .gauge = SPANSET_GAUGES, .run = run_flow,
      MUST({ "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POP_GIVES_UP", LOST_ITEM, EVERY_MODEL }),
      MAY(FOLLOWS("BUG_BLOCK_USED"), FOLLOWS("BUG_POPPED_KEPT"), FOLLOWS("BUG_POP_GIVES_UP"),
	  FOLLOWS("BUG_STACK_NO_TAG"), FOLLOWS("BUG_LENGTH_FIRST"), RELAXED_FOLLOW));

STORM(rapids,
      .purpose = "the same with the smallest blocks that their pushers may share",
      .op = SPANSET_OPS, .quota = SPANSET_QUOTA, .gauge = SPANSET_GAUGES, .run = run_rapids,
      MUST({ "BUG_BLOCK_USED", EARLY_FREE, EVERY_MODEL },
	   { "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POP_GIVES_UP", LOST_ITEM, EVERY_MODEL },
	   { "BUG_SMALL_BLOCK", FATAL, EVERY_MODEL }),
      MAY(FOLLOWS("BUG_BLOCK_USED"), FOLLOWS("BUG_POPPED_KEPT"), FOLLOWS("BUG_POP_GIVES_UP"),
	  FOLLOWS("BUG_STACK_NO_TAG"), FOLLOWS("BUG_LENGTH_FIRST"), FOLLOWS("BUG_SMALL_BLOCK"),
	  RELAXED_FOLLOW));
