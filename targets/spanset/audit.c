/* Accounting: every block is in the pool, or in a spine where entries are yet
 * to be pushed or popped, or it is lost.
 */
#include "spanset/memory.h"

static bool pooled(const struct span_pool *p, const struct span_block *b)
{
	/* relaxed: nobody else is there */
	uint32_t left = load_relaxed(&p->allocated) + 1;
	/* unreached: an oracle of blocks freed twice */
	for (struct stack_node *n = stack_first(&p->free); n && left; n = stack_below(n), left--)
		if (n == &b->node)
			return true;
	return false;
}

/* The first slot of a set's spine that still has something to come; *end: after
 * the last. */
static uint32_t live_slots(struct span_set *s, uint32_t *end)
{
	/* relaxed: nobody else is there */
	*end = load_relaxed(&s->spine_length);
	/* relaxed: as above */
	return span_head(load_relaxed(&s->index)) >> s->shift;
}

/* The block in a slot, or NULL. */
static struct span_block *live_block(struct span_set *s, uint32_t i)
{
	/* relaxed: nobody else is there, both */
	wordptr *spine = (wordptr *)load_relaxed(&s->spine);
	uintptr_t b = load_relaxed(&spine[i]);
	/* unreached: an oracle of early frees */
	return b == SPAN_POISON ? NULL : (struct span_block *)b;
}

/* Counts the blocks of a set that still have something to come. */
static void look_at_set(const struct span_pool *p, struct span_set *s, struct span_audit *a)
{
	uint32_t end;
	for (uint32_t i = live_slots(s, &end); i < end; i++) {
		struct span_block *b = live_block(s, i);
		/* unreached: an oracle of early frees */
		if (!b) {
			a->gone++;
			continue;
		}
		a->live++;
		a->twice += pooled(p, b);
	}
}

static bool written_to(const struct span_pool *p, const struct span_block *b)
{
	bool written = false;
	if (!p->poison)
		return false;
	block_allow(b, p->entries);
	for (uint32_t i = 0; i < p->entries; i++)
		/* relaxed: nobody else is there */
		written |= load_relaxed(&b->entry[i]) != SPAN_POISON;
	block_forbid(b, p->entries);
	return written;
}

struct span_audit span_audit(const struct span_pool *p, struct span_set *const *sets, unsigned n)
{
	/* relaxed: nobody else is there */
	struct span_audit a = { .allocated = load_relaxed(&p->allocated),
				.written = load_relaxed(&p->written) };
	for (unsigned i = 0; i < n; i++)
		look_at_set(p, sets[i], &a);
	for (struct stack_node *node = stack_first(&p->free); node; node = stack_below(node)) {
		/* unreached: an oracle of blocks freed twice */
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

/* --- which they are --- */

static void know(struct span_block **blocks, uint32_t *n, struct span_block *b)
{
	for (uint32_t i = 0; i < *n; i++)
		/* unreached: an oracle of blocks freed twice */
		if (blocks[i] == b)
			return;
	blocks[(*n)++] = b;
}

uint32_t span_known(const struct span_pool *p, struct span_set *const *sets, unsigned n,
		    struct span_block **blocks)
{
	uint32_t known = 0;
	/* relaxed: nobody else is there */
	uint32_t left = load_relaxed(&p->allocated);
	/* unreached: an oracle of blocks freed twice */
	for (struct stack_node *node = stack_first(&p->free); node && left--;
	     node = stack_below(node))
		know(blocks, &known, (struct span_block *)node);
	for (unsigned i = 0; i < n; i++) {
		uint32_t end;
		for (uint32_t at = live_slots(sets[i], &end); at < end; at++) {
			struct span_block *b = live_block(sets[i], at);
			/* unreached: an oracle of early frees */
			if (b)
				know(blocks, &known, b);
		}
	}
	return known;
}
