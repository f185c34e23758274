#include "memory/race.h"

struct race race;

static void later_side(uintptr_t address, unsigned bytes, enum access kind, void *pc)
{
	race.address = (address << 3) + __builtin_ctz(bytes);
	race.side[1].kind = kind;
	race.side[1].thread = self()->id;
	race.side[1].pc = pc;
}

/* Out of line, so that it does not burden race_slow(). */
static _Noreturn __attribute__((noinline, cold)) void
found(const struct record *r, unsigned bytes, uintptr_t address, enum access kind, void *pc)
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

/* Which records stay cannot be foreseen: that loop does not branch on it. */
void race_slow(struct granule *g, unsigned bytes, enum access kind, void *pc)
{
	const struct thread *t = self();
	struct record *kept = g->record, *end = g->record + g->records;
	unsigned covered = race_covers[kind], against = race_conflicts[kind];
	/* race_quick() has looked at the last one. */
	for (const struct record *r = g->record; r + 1 < end; r++)
		if (race_known(r, t, bytes, kind))
			return;
	for (const struct record *r = g->record; r < end; r++) {
		bool before = r->at <= t->clock.at[r->thread];
		bool told = ((r->bytes & ~bytes) == 0) & covered >> r->kind & before;
		if (!before && r->bytes & bytes && against >> r->kind & 1)
			found(r, bytes, g->address, kind, pc);
		*kept = *r;
		kept += told ^ 1;
	}
	g->records = kept - g->record;
	if (kept == g->record + RECORDS)
		kept = evict(g, t);
	else
		g->records++;
	race_note(kept, t, bytes, kind, pc);
}
