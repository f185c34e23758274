/* As a sweeper uses two sets: threads take spans out of one and put them into
 * the other; when the first is empty it is reset, and the two change places.
 */
#include "base/world.h"
#include "storms/spanset/report.h"

enum { MOST_MOVERS = 8, SPANS = 3000, MORE = 600 };

static struct work work;

/* Fills the first set. */
static void fill(unsigned movers)
{
	for (unsigned i = 0; i < movers; i++)
		work_hire(&work, PRODUCE, SPANS / movers);
}

static void run_sweep(const struct storm_order *order)
{
	bool sound = false;
	for (unsigned n = 0; !order_is_over(order); n++) {
		unsigned movers = 1u << (n + 1) % 4;
		if (!sound) {
			work_end(&work);
			work_begin(&work, SPAN_ENTRIES);
		}
		work.sit = order->sit;
		/* Filled while it is emptied, and drained into the other by as
		 * many. */
		fill(movers);
		for (unsigned i = 0; i < movers; i++)
			work_hire(&work, MOVE, 0);
		sound = work_run(&work, NULL);
		report_episode(order, &work);
		sound = sound && work_reset(&work);
		order->counts->op[OP_RESET] += sound;
		struct span_set first = work.set[0];
		work.set[0] = work.set[1];
		work.set[1] = first;
	}
	work_end(&work);
}

STORM(sweep,
      .purpose = "one set is emptied into another, reset, and they change places",
      .op = SPANSET_OPS, .quota = SPANSET_QUOTA, .gauge = SPANSET_GAUGES, .run = run_sweep,
      MUST({ "BUG_BLOCK_USED", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_BLOCK_USED", MEMORY_ERROR, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", BLOCK_LEAK, EVERY_MODEL },
	   { "BUG_POPPED_KEPT", MEMORY_ERROR, EVERY_MODEL }),
      MAY(FOLLOWS("BUG_BLOCK_USED"), FOLLOWS("BUG_POPPED_KEPT"), FOLLOWS("BUG_POP_GIVES_UP"),
	  FOLLOWS("BUG_STACK_NO_TAG"), FOLLOWS("BUG_LENGTH_FIRST"), RELAXED_FOLLOW));
