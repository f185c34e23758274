#define _GNU_SOURCE
#include "probes/crew.h"

#include <sched.h>
#include <string.h>

#include "base/world.h"

enum { LINE = 64, SPINS_BEFORE_YIELD = 4096, REGION = 1 << 22, CALM = 3 };

struct member {
	_Alignas(128) word64 at; /* meetings reached */
	_Alignas(128) struct crew *crew;
	unsigned actor;
	uint64_t met;
	int64_t fastest; /* batch, in ns */
	struct tally tally;
	bool failed;
	char why[PIN_WHY];
};

struct crew {
	const struct probe *probe;
	const struct tuning *tuning;
	struct pin_plan plan;
	unsigned actors;
	bool perpetual;
	uint64_t rounds;
	int64_t began, until;
	char *cells;
	uint8_t *seen[PROBE_ACTORS];
	uint32_t *loaded[PROBE_ACTORS], *more[PROBE_ACTORS];
	_Alignas(128) word32 over; /* by actor 0, between two meetings */
	struct member member[PROBE_ACTORS];
};

/* --- meetings --- */

static void meet(struct member *m, bool fence)
{
	struct crew *c = m->crew;
	m->met++;
	/* pairs with: below — all that was done before */
	store_release(&m->at, m->met);
	if (fence)
		/* pairs with: nothing; empties the store buffer, a lever */
		fence_seq_cst();
	for (unsigned a = 0; a < c->actors; a++) {
		uint32_t spins = 0;
		/* pairs with: above */
		while (load_acquire(&c->member[a].at) < m->met)
			if (++spins % SPINS_BEFORE_YIELD == 0)
				sched_yield(); /* a peer is off its processor */
	}
}

static void idle(uint32_t turns)
{
	while (turns-- > 0)
		BETWEEN("idle");
}

/* --- states --- */

uint32_t state_shown(const struct probe *p)
{
	uint32_t shown = 0;
	for (unsigned a = 0; a < probe_actors(p); a++)
		for (unsigned r = 0; r < 2; r++)
			if (strstr(p->actor[a]->text, r ? "r1" : "r0"))
				shown |= 3u << (a * 4 + r * 2);
	for (unsigned i = 0; i < p->terms; i++)
		if (p->weak[i].actor == IN_THE_END)
			shown |= 3u << (PROBE_ACTORS * 4 + p->weak[i].what * 2);
	return shown;
}

static unsigned place(const struct term *t)
{
	return (unsigned)t->actor * 4 + t->what * 2u;
}

bool state_is_weak(const struct probe *p, uint32_t state)
{
	for (unsigned i = 0; i < p->terms; i++)
		if ((state >> place(&p->weak[i]) & 3) != p->weak[i].value)
			return false;
	return true;
}

void state_text(const struct probe *p, uint32_t state, char *text, size_t size)
{
	uint32_t shown = state_shown(p);
	size_t used = 0;
	*text = 0;
	for (unsigned at = 0; at < PROBE_ACTORS * 4 + PROBE_WORDS * 2; at += 2) {
		if (!(shown >> at & 3) || used >= size)
			continue;
		unsigned value = state >> at & 3, actor = at / 4, what = at % 4 / 2;
		if (actor < PROBE_ACTORS)
			used += (size_t)snprintf(text + used, size - used, "%s%u:r%u=%u",
						 used ? " " : "", actor, what, value);
		else
			used += (size_t)snprintf(text + used, size - used, "%s%c=%u",
						 used ? " " : "",
						 "xyz"[(at - PROBE_ACTORS * 4) / 2], value);
	}
}

static void note(struct tally *t, uint32_t state, uint64_t rounds)
{
	unsigned i = 0;
	while (i < t->states && t->state[i].state != state)
		i++;
	if (i == PROBE_STATES)
		return;
	if (i == t->states)
		t->state[t->states++] = (struct state_count){ .state = state };
	t->state[i].rounds += rounds;
}

void tally_add(struct tally *total, const struct tally *t)
{
	total->rounds += t->rounds;
	total->weak += t->weak;
	total->impossible += t->impossible;
	total->seconds += t->seconds;
	total->calm_rounds += t->calm_rounds;
	total->calm_weak += t->calm_weak;
	total->calm_s += t->calm_s;
	for (unsigned i = 0; i < t->states; i++)
		note(total, t->state[i].state, t->state[i].rounds);
}

/* --- the strided form --- */

static word32 *word_at(const struct walk *w, uint32_t k, unsigned word)
{
	return (word32 *)(walk_at(w, k) + w->word[word]);
}

static void reset(struct member *m, const struct walk *w, uint32_t batch)
{
	for (unsigned i = 0; i < PROBE_WORDS; i++)
		if (m->crew->tuning->owner[i] % m->crew->actors == m->actor)
			for (uint32_t k = 0; k < batch; k++)
				/* relaxed: a meeting follows */
				store_relaxed(word_at(w, k, i), 0);
}

static void touch(struct member *m, const struct walk *w, uint32_t batch)
{
	for (unsigned i = 0; i < PROBE_WORDS; i++)
		if (m->crew->tuning->touch[m->actor] >> i & 1)
			for (uint32_t k = 0; k < batch; k++)
				/* relaxed: only the line is wanted */
				(void)load_relaxed(word_at(w, k, i));
}

static uint32_t state_of(const struct crew *c, const struct walk *w, uint32_t k, uint32_t shown)
{
	uint32_t state = 0;
	for (unsigned a = 0; a < c->actors; a++)
		state |= (uint32_t)c->seen[a][k] << (a * 4);
	for (unsigned i = 0; shown >> (PROBE_ACTORS * 4) && i < PROBE_WORDS; i++) {
		/* relaxed: a meeting came before */
		uint32_t value = load_relaxed(word_at(w, k, i));
		state |= (value < 3 ? value : 3) << (PROBE_ACTORS * 4 + i * 2);
	}
	return state & shown;
}

static uint32_t note_run(struct member *m, uint32_t state, uint32_t run)
{
	if (run == 0)
		return 0;
	note(&m->tally, state, run);
	return state_is_weak(m->crew->probe, state) ? run : 0;
}

/* Each actor counts its share of the batch, spread over all of it. Returns the
 * weak ones. */
static uint32_t count(struct member *m, const struct walk *w, uint32_t batch, uint32_t shown)
{
	struct tally *t = &m->tally;
	uint32_t last = ~0u, run = 0, weak = 0;
	for (uint32_t k = m->actor; k < batch; k += m->crew->actors) {
		uint32_t state = state_of(m->crew, w, k, shown);
		if (state != last) {
			weak += note_run(m, last, run);
			last = state;
			run = 0;
		}
		run++;
		t->rounds++;
	}
	weak += note_run(m, last, run);
	return weak;
}

/* A batch that took much longer than the fastest was disturbed. */
static void note_calm(struct member *m, int64_t ns, uint32_t batch, uint32_t weak)
{
	struct tally *t = &m->tally;
	if (m->fastest == 0 || ns < m->fastest)
		m->fastest = ns;
	if (m->actor != 0 || ns > CALM * m->fastest)
		return;
	t->calm_rounds += batch;
	t->calm_weak += (uint64_t)weak * m->crew->actors;
	t->calm_s += (double)ns / 1e9;
}

static void strided(struct member *m)
{
	struct crew *c = m->crew;
	const struct tuning *t = c->tuning;
	const struct probe_actor *actor = c->probe->actor[m->actor];
	uint32_t shown = state_shown(c->probe), batch = t->batch;
	struct walk w = { .cells = c->cells, .pitch = t->pitch * LINE, .stride = t->stride,
			  .mask = batch - 1u, .seen = c->seen[m->actor] };
	for (unsigned i = 0; i < PROBE_WORDS; i++)
		w.word[i] = t->lines ? i * t->lines * LINE : i * 8;
	int64_t now, began = world_now();
	for (uint64_t batches = 0;; batches++) {
		reset(m, &w, batch);
		if (m->actor == 0 && ((c->rounds && batches * batch >= c->rounds) ||
				      (c->until && world_now() >= c->until)))
			/* relaxed: a meeting follows */
			store_relaxed(&c->over, 1);
		meet(m, true);
		/* relaxed: actor 0 wrote it before the meeting */
		if (load_relaxed(&c->over))
			return;
		touch(m, &w, batch);
		for (uint32_t k = 0; k < batch; k += t->stretch) {
			meet(m, t->fence >> m->actor & 1);
			idle(t->delay[m->actor]);
			w.from = k;
			w.to = k + t->stretch;
			actor->run(&w);
		}
		meet(m, true);
		uint32_t weak = count(m, &w, batch, shown);
		meet(m, false);
		now = world_now();
		note_calm(m, now - began, batch, weak);
		began = now;
	}
}

/* --- the perpetual form --- */

static void perpetual(struct member *m)
{
	struct crew *c = m->crew;
	const struct tuning *t = c->tuning;
	uint32_t region = t->cells * 4u * LINE, half = MOST_CHUNK / c->actors;
	struct chunk k = { .words = c->cells, .word = { 0, t->lines * LINE },
			   .pitch = 4 * LINE, .mask = t->cells - 1u, .n = MOST_CHUNK,
			   .pad = t->pad, .seen = c->loaded[m->actor],
			   .more = c->more[m->actor] };
	struct pairing pairing = { { c->loaded[0], c->loaded[1] }, { c->more[0], c->more[1] },
				   MOST_CHUNK, k.mask };
	if (t->lines == 0)
		k.word[1] = 8;
	for (uint64_t chunks = 0;; chunks++) {
		if (m->actor == 0) {
			memset(c->cells, 0, region);
			if ((c->rounds && chunks * MOST_CHUNK >= c->rounds) ||
			    (c->until && world_now() >= c->until))
				/* relaxed: a meeting follows */
				store_relaxed(&c->over, 1);
		}
		meet(m, true);
		/* relaxed: actor 0 wrote it before the meeting */
		if (load_relaxed(&c->over))
			return;
		c->probe->again[m->actor](&k);
		meet(m, true);
		m->tally.weak += c->probe->paired(&pairing, half * m->actor,
						  half * (m->actor + 1));
		m->tally.rounds += half;
		meet(m, false);
	}
}

/* --- a run --- */

static void work(void *arg)
{
	struct member *m = arg;
	struct crew *c = m->crew;
	m->failed = c->plan.pinned && pin_apply(&c->plan, m->actor, m->why) != PIN_OK;
	if (m->failed)
		/* relaxed: a meeting follows */
		store_relaxed(&c->over, 2);
	meet(m, true);
	/* relaxed: written before the meeting */
	if (load_relaxed(&c->over) == 2)
		return;
	if (c->perpetual)
		perpetual(m);
	else
		strided(m);
}

static void add_up(const struct crew *c, struct tally *total)
{
	for (unsigned a = 0; a < c->actors; a++) {
		const struct tally *t = &c->member[a].tally;
		tally_add(total, t);
		for (unsigned i = 0; i < t->states; i++)
			if (state_is_weak(c->probe, t->state[i].state))
				total->weak += t->state[i].rounds;
	}
	struct interleaved usual;
	interleave(c->probe, &usual);
	for (unsigned i = 0; i < total->states; i++)
		if (!state_is_weak(c->probe, total->state[i].state) &&
		    !is_interleaved(&usual, total->state[i].state))
			total->impossible += total->state[i].rounds;
	total->seconds += (double)(world_now() - c->began) / 1e9;
}

int crew_run(const struct probe *p, bool perpetual, const struct tuning *t,
	     const struct pin_plan *plan, uint64_t rounds, double seconds, struct tally *tally,
	     char why[PIN_WHY])
{
	static struct crew c;
	static char *cells;
	static uint8_t *seen;
	static uint32_t *loaded;
	world_thread thread[PROBE_ACTORS];
	unsigned started = 1;
	if (!cells) {
		cells = world_map(REGION);
		seen = world_map(PROBE_ACTORS * MOST_BATCH);
		loaded = world_map(2 * PROBE_ACTORS * MOST_CHUNK * sizeof *loaded);
	}
	memset(&c, 0, sizeof c);
	c.probe = p, c.tuning = t, c.plan = *plan, c.perpetual = perpetual, c.cells = cells;
	c.actors = probe_actors(p);
	c.rounds = rounds;
	c.began = world_now();
	c.until = seconds > 0 ? c.began + (int64_t)(seconds * 1e9) : 0;
	for (unsigned a = 0; a < c.actors; a++) {
		c.member[a].crew = &c;
		c.member[a].actor = a;
		c.seen[a] = seen + a * MOST_BATCH;
		c.loaded[a] = loaded + a * MOST_CHUNK;
		c.more[a] = loaded + (PROBE_ACTORS + a) * MOST_CHUNK;
	}
	for (; started < c.actors; started++)
		if (world_thread_start(&thread[started], work, &c.member[started]) != 0)
			world_fatal("no thread for an actor");
	work(&c.member[0]);
	for (unsigned a = 1; a < c.actors; a++)
		world_thread_join(thread[a]);
	for (unsigned a = 0; a < c.actors; a++)
		if (c.member[a].failed) {
			memcpy(why, c.member[a].why, PIN_WHY);
			return -1;
		}
	add_up(&c, tally);
	return 0;
}
