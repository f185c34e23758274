#include "storms/spanset/report.h"

#include "base/world.h"

bool order_is_over(const struct storm_order *order)
{
	uint64_t ops = 0;
	for (int i = 0; i < STORM_OPS; i++)
		ops += order->counts->op[i];
	return *order->stop || world_now() >= order->end ||
	       (order->until_ops && ops >= order->until_ops);
}

static void tell(const struct storm_order *order, enum failure f, const char *what, uint64_t n)
{
	if (n)
		order->found(f, what, n);
}

void report_episode(const struct storm_order *order, struct work *w)
{
	struct losses since;
	struct span_audit a = work_audit(w, &since);
	const struct finds *f = &w->finds;
	order->counts->op[OP_PUSH] += f->pushed;
	order->counts->op[OP_POP] += f->popped;
	tell(order, BLOCK_LEAK, "a block neither in the pool nor in a spine", since.leaked);
	tell(order, BLOCK_LEAK, "more blocks than items and threads need", since.excess);
	tell(order, EARLY_FREE, "the block of a claimed entry was gone", f->early);
	tell(order, EARLY_FREE, "a block in the pool was written to or in use", since.early);
	tell(order, EARLY_FREE, "popped what nobody had pushed", f->foreign);
	tell(order, LOST_ITEM, "pushed and never popped", f->lost);
	tell(order, DUPLICATE_ITEM, "popped twice", f->twice);
	tell(order, WEDGE, "waits for an item that nobody can bring", f->stuck);
	tell(order, FATAL, f->message ? f->message : "", f->threw);
	order->sample(&(struct storm_sample){
		.gauge = { a.allocated, a.pooled, a.allocated - a.pooled, a.leaked } });
	order->alive();
}
