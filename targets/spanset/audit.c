/* Accounting: every block is in the pool, or in a spine where entries are yet
 * to be pushed or popped, or it is lost.
 */
#include "spanset/memory.h"

static bool pooled(const struct span_pool *p, const struct span_block *b)
{
	/* relaxed: nobody else is there */
	uint32_t left = load_relaxed(&p->allocated) + 1;
	for (struct stack_node *n = stack_first(&p->free); n && left; n = stack_below(n), left--)
		if (n == &b->node)
			return true;
	return false;
}

/* Counts the blocks of a set that still have something to come. */
static void look_at_set(const struct span_pool *p, struct span_set *s, struct span_audit *a)
{
	/* relaxed: here and below, nobody else is there */
	uint64_t index = load_relaxed(&s->index);
	uint32_t first = span_head(index) >> s->shift;
	/* relaxed: as above */
	uint32_t length = load_relaxed(&s->spine_length);
	/* relaxed: as above */
	wordptr *spine = (wordptr *)load_relaxed(&s->spine);
	for (uint32_t i = first; i < length; i++) {
		/* relaxed: as above */
		struct span_block *b = (struct span_block *)load_relaxed(&spine[i]);
		if (!b || (uintptr_t)b == SPAN_POISON) {
			a->gone++;
			continue;
		}
		a->live++;
		a->twice += pooled(p, b);
	}
}

static bool written_to(const struct span_pool *p, const struct span_block *b)
{
	for (uint32_t i = 0; p->poison && i < p->entries; i++)
		/* relaxed: nobody else is there */
		if (load_relaxed(&b->entry[i]) != SPAN_POISON)
			return true;
	return false;
}

struct span_audit span_audit(const struct span_pool *p, struct span_set *const *sets, unsigned n)
{
	/* relaxed: nobody else is there */
	struct span_audit a = { .allocated = load_relaxed(&p->allocated),
				.written = load_relaxed(&p->written) };
	for (unsigned i = 0; i < n; i++)
		look_at_set(p, sets[i], &a);
	for (struct stack_node *node = stack_first(&p->free); node; node = stack_below(node)) {
		if (a.pooled == a.allocated) {
			a.twice++; /* the list goes in a circle */
			break;
		}
		a.pooled++;
		a.written += written_to(p, (struct span_block *)node);
	}
	if (a.allocated > a.pooled + a.live)
		a.leaked = a.allocated - a.pooled - a.live;
	a.leaked_bytes = a.leaked * (uint64_t)span_block_bytes(p->entries);
	return a;
}
