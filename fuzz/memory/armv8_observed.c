/* Of armv8's order of all stores what the threads may still observe.
 *
 * A store that nobody can read any more, as everybody's floors have passed a
 * newer one, tells nobody anything. One that all must read, and that raises
 * nobody's floors, need not have a place. Places, floors and seals then matter
 * only by how many of the other stores lie before them: where a new store goes
 * between two neighbours of these, the last place there leaves all other
 * threads the most to read, and is always free.
 */
#include "memory/armv8.h"

static uint64_t place[STORES];
static unsigned places;

static uint64_t rank(uint64_t at)
{
	unsigned n = at > 0 ? places : 0;
	while (n > 0 && place[n - 1] > at)
		n--;
	return n;
}

/* Threads that will do or tell something. */
static uint64_t living(void)
{
	uint64_t some = 0;
	for (unsigned i = 0; i < sim.threads; i++)
		if (sim.thread[i].state != FINISHED || !sim.thread[i].slot)
			some |= bit(i);
	return some;
}

static void look_at(struct cell *c, uint64_t threads)
{
	const struct entry *newest = c->newest;
	c->oldest = newest->place;
	c->settled = true;
	for (; threads; threads &= threads - 1) {
		unsigned t = __builtin_ctzll(threads);
		uint64_t knows = armv8_cores[t].read_floor;
		uint64_t floor = later(knows, c->coherence[t]);
		const struct entry *e = newest;
		while (e->place > floor && e->older)
			e = e->older;
		if (e->place < c->oldest)
			c->oldest = e->place;
		c->settled &= knows >= newest->place ||
			      (newest->s.thread == t && !newest->atomic);
	}
	c->settled &= c->oldest == newest->place;
}

static void sign_cell(struct signature *s, const struct cell *c, uint64_t threads)
{
	enum { BITS = 12, WORD = 5 };
	uint64_t ranks = 0;
	for (const struct entry *e = c->newest;; e = e->older) {
		sign(s, e->s.past);
		sign(s, rank(e->seal) << 1 | e->atomic);
		if (e->place <= c->oldest)
			break;
	}
	for (unsigned n = 1; threads; threads &= threads - 1, n++) {
		unsigned t = __builtin_ctzll(threads);
		uint64_t at = c->coherence[t];
		ranks = ranks << BITS | (at > armv8_cores[t].read_floor ? rank(at) : 0);
		if (n % WORD == 0)
			sign(s, ranks);
	}
	sign(s, ranks);
}

static void sign_core(struct signature *s, const struct core *c)
{
	uint64_t least = c->read_floor;
	sign(s, rank(least) | rank(c->write_floor) << 32);
	sign(s, rank(later(least, c->read_seen)) | rank(later(least, c->write_seen)) << 32);
	sign(s, rank(later(least, c->last_release)));
}

void armv8_observable(struct signature *s, struct location *const *all, unsigned n)
{
	static uint32_t asked;
	uint64_t threads = living();
	asked++;
	for (unsigned i = 0; i < n; i++) {
		struct cell *c = armv8_cell(all[i]);
		look_at(c, threads);
		c->asked = asked;
		c->index = i;
	}
	places = 0;
	for (const struct entry *e = armv8_head.after; e; e = e->after) {
		const struct cell *c = e->cell;
		if (c->asked != asked || c->settled || e->place < c->oldest)
			continue;
		place[places++] = e->place;
		sign(s, c->index);
	}
	sign(s, threads);
	for (unsigned i = 0; i < n; i++)
		sign_cell(s, armv8_cell(all[i]), threads);
	for (; threads; threads &= threads - 1)
		sign_core(s, &armv8_cores[__builtin_ctzll(threads)]);
}
