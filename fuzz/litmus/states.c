/* Search for small programs: depth first by running again, as dfs.c, but a
 * state met before is left at once. States are known by a hash of 128 bits
 * (hash compaction: Wolper and Leroy, CAV 1993).
 */
#include <stdlib.h>
#include <string.h>

#include "litmus/litmus.h"
#include "memory/weak.h"
#include "search/search.h"

struct node { uint8_t n, taken; };
struct hash { uint64_t a, b; };

static struct node stack[MAX_CHOICES];
static unsigned depth, top;
static struct hash *seen;
static size_t room, count;

void states_start(const struct litmus *t)
{
	(void)t;
	top = 0;
	count = 0;
	if (!seen) {
		room = 1 << 12;
		seen = calloc(room, sizeof *seen);
	} else {
		memset(seen, 0, room * sizeof *seen);
	}
	if (!seen)
		engine_error("no memory for the states seen");
}

static struct hash *place(struct hash *table, size_t size, struct hash h)
{
	size_t i = h.a & (size - 1);
	while ((table[i].a || table[i].b) && (table[i].a != h.a || table[i].b != h.b))
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void grow(void)
{
	struct hash *old = seen;
	size_t before = room;
	room *= 4;
	seen = calloc(room, sizeof *seen);
	if (!seen)
		engine_error("no memory for more than %zu states", before);
	for (size_t i = 0; i < before; i++)
		if (old[i].a || old[i].b)
			*place(seen, room, old[i]) = old[i];
	free(old);
}

/* Notes a state. Returns whether it was known. */
static bool known(unsigned asking, unsigned n)
{
	struct signature s;
	litmus_sign(&s);
	sign(&s, asking | n << 8);
	struct hash h = { s.a, s.b };
	h.a |= 1;
	struct hash *p = place(seen, room, h);
	if (p->a)
		return true;
	*p = h;
	if (++count > room / 2)
		grow();
	return false;
}

static void begin(uint64_t n)
{
	(void)n;
	depth = 0;
	sim.reduce = false;
}

/* asking: the thread whose access is under way, or none: OPTIONS. */
static unsigned decide_one(unsigned asking, unsigned n)
{
	if (depth == top) {
		if (known(asking, n))
			return n;
		stack[top++] = (struct node){ n, 0 };
	}
	struct node *d = &stack[depth++];
	if (d->n != n)
		engine_error("the test does not behave the same way twice");
	return d->taken;
}

static unsigned pick(const uint8_t *options, unsigned n)
{
	(void)options;
	return decide_one(OPTIONS, n);
}

static unsigned choose(unsigned n)
{
	return decide_one(sim.cur, n);
}

static bool next(void)
{
	while (top > 0 && stack[top - 1].taken + 1 == stack[top - 1].n)
		top--;
	if (top == 0)
		return false;
	stack[top - 1].taken++;
	return true;
}

const struct search states_search = { begin, pick, choose, NULL, next, NULL };
