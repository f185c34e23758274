#include "memory/race.h"

struct race race;

static void later_side(uintptr_t address, unsigned bytes, enum access kind, void *pc)
{
	race.address = (address << 3) + __builtin_ctz(bytes);
	race.side[1].kind = kind;
	race.side[1].thread = self()->id;
	race.side[1].pc = pc;
}

static _Noreturn void found(const struct record *r, unsigned bytes, uintptr_t address,
			    enum access kind, void *pc)
{
	race.side[0].kind = r->kind;
	race.side[0].thread = r->thread;
	race.side[0].pc = r->pc;
	later_side(address, bytes & r->bytes, kind, pc);
	sim_stop(STOP_RACE);
}

void race_gone(struct granule *g, unsigned bytes, enum access kind, void *pc)
{
	later_side(g->address, bytes, kind, pc);
	sim_stop(STOP_GONE);
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
	unsigned kept = 0, records = g->records;
	/* As the first of race_check()'s short cuts. */
	for (unsigned i = 1; i < records; i++)
		if (race_known(&g->record[i], t, bytes, kind))
			return;
	for (unsigned i = 0; i < records; i++) {
		struct record *r = &g->record[i];
		if (r->at > t->clock.at[r->thread]) {
			if (r->bytes & bytes && conflict(r->kind, kind))
				found(r, bytes, g->address, kind, pc);
		} else if (!(r->bytes & ~bytes) && race_covers[kind] >> r->kind & 1) {
			continue;
		}
		if (kept != i)
			g->record[kept] = *r;
		kept++;
	}
	g->records = kept;
	race_note(kept < RECORDS ? &g->record[g->records++] : evict(g, t), t, bytes, kind, pc);
}
