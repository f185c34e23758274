#include "memory/race.h"

struct race race;

static _Noreturn void found(const struct record *r, unsigned bytes, uintptr_t address,
			    enum access kind, void *pc)
{
	race.address = (address << 3) + __builtin_ctz(bytes & r->bytes);
	race.side[0].kind = r->kind;
	race.side[0].thread = r->thread;
	race.side[0].pc = r->pc;
	race.side[1].kind = kind;
	race.side[1].thread = self()->id;
	race.side[1].pc = pc;
	sim_stop(STOP_RACE);
}

/* Makes room where more accesses are remembered than fit. An atomic one that
 * happened before now goes first: at worst a plain access that races with it,
 * but not with this one, is missed. Counted as a cut. */
static struct record *evict(struct granule *g, const struct thread *t)
{
	sim.cuts++;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct record *r = &g->record[i];
		if (r->kind >= ATOMIC_READ && r->at <= t->clock.at[r->thread])
			return r;
	}
	return &g->record[0];
}

/* A pair conflicts unless both read or both are atomic. */
static inline bool conflict(enum access a, enum access b)
{
	bool write = a == PLAIN_WRITE || a == ATOMIC_WRITE || b == PLAIN_WRITE ||
		     b == ATOMIC_WRITE;
	return write && (a <= PLAIN_WRITE || b <= PLAIN_WRITE);
}

void race_slow(struct granule *g, unsigned bytes, enum access kind, void *pc)
{
	struct thread *t = self();
	struct record *mine = NULL;
	unsigned kept = 0;
	for (unsigned i = 0; i < g->records; i++) {
		struct record *r = &g->record[i];
		bool other = r->thread != t->id, overlap = r->bytes & bytes;
		if (other && overlap && conflict(r->kind, kind) &&
		    r->at > t->clock.at[r->thread])
			found(r, bytes, g->address, kind, pc);
		/* Ordered before this plain write, so whatever races with it
		 * later races with this too; likewise a plain read before a
		 * plain read. */
		bool inside = !(r->bytes & ~bytes);
		if (inside && (kind == PLAIN_WRITE ||
			       (kind == PLAIN_READ && r->kind == PLAIN_READ &&
				r->at <= t->clock.at[r->thread])))
			continue;
		/* An atomic write covers what the thread's earlier atomic read
		 * does. */
		if (!other && r->bytes == bytes && r->kind == ATOMIC_READ && kind == ATOMIC_WRITE)
			continue;
		if (kept != i)
			g->record[kept] = *r;
		r = &g->record[kept++];
		if (!other && r->bytes == bytes && r->kind == kind)
			mine = r;
	}
	g->records = kept;
	g->plain |= kind <= PLAIN_WRITE;
	if (!mine)
		mine = kept < RECORDS ? &g->record[g->records++] : evict(g, t);
	*mine = (struct record){ t->clock.at[t->id], t->id, bytes, kind, pc };
}
