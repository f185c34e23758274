#include "storms/spanset/report.h"

#include "base/world.h"

bool order_is_over(const struct storm_order *order)
{
	uint64_t ops = 0;
	for (int i = 0; i < STORM_OPS; i++)
		ops += order->counts->op[i];
	/* relaxed: nothing comes with it */
	return load_relaxed(order->stop) || world_now() >= order->end ||
	       (order->until_ops && ops >= order->until_ops);
}

static void tell(const struct storm_order *order, enum failure f, const char *what, uint64_t n)
{
	if (n)
		order->found(f, what, n);
}

/* What an audit finds since the last one. */
struct losses {
	uint32_t leaked, early; /* blocks leaked, freed early */
	uint32_t excess; /* blocks in use at once, above what items and threads need */
};

/* Sets *seen to a count that only grows; returns by how much it did. */
static uint32_t since_last(uint32_t *seen, uint32_t now)
{
	uint32_t more = now > *seen ? now - *seen : 0;
	*seen = now;
	return more;
}

static struct span_audit audit(struct work *w, struct losses *since)
{
	struct span_set *sets[2] = { &w->set[0], &w->set[1] };
	struct span_audit a = span_audit(&w->pool, sets, 2);
	uint32_t used = a.allocated - a.leaked;
	since->leaked = since_last(&w->leaked, a.leaked);
	since->early = since_last(&w->early, span_early(&a));
	since->excess = used > w->allowed ? since_last(&w->excess, used - w->allowed) : 0;
	return a;
}

void report_episode(const struct storm_order *order, struct work *w)
{
	struct losses since;
	struct span_audit a = audit(w, &since);
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
