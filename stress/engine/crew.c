#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/round.h"
#include "stress/world.h"

static size_t largest_state(const struct subject *s)
{
	size_t most = 0;
	for (unsigned i = 0; i < s->layouts; i++)
		if (s->layout[i]->state_size > most)
			most = s->layout[i]->state_size;
	return most;
}

/* Turns of the delay loop in a nanosecond, the fastest of a few tries. */
static double calibrate(void)
{
	enum { TRIES = 5, TURNS = 20000 };
	int64_t least = INT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		int64_t start = world_now();
		for (uint32_t turns = TURNS; turns-- > 0;)
			__asm__ volatile("");
		int64_t ns = world_now() - start;
		least = ns < least ? ns : least;
	}
	return (double)TURNS / (least > 0 ? (double)least : 1);
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

struct crew *crew_new(const struct subject *s, bool yields, uint64_t seed)
{
	size_t bytes = round_up(sizeof(struct crew), 4096);
	struct crew *c = world_map(bytes);
	c->subject = s;
	c->actors = s->actors;
	c->slots = s->slots;
	c->yields = yields;
	c->turns_per_ns = calibrate();
	/* One line more than the state: room for the shift. */
	c->pitch = round_up(largest_state(s) + LINE, 128);
	c->states = world_map(round_up(c->pitch * BLOCK_ROUNDS, 4096));
	c->slot = world_map(round_up(sizeof(struct slot) * c->slots * BLOCK_ROUNDS, 4096));
	c->outcome = world_map(round_up(sizeof(word32) * BLOCK_ROUNDS, 4096));
	c->first = 1; /* judged: 0 means no round */
	for (unsigned a = 0; a < c->actors; a++) {
		struct worker *w = &c->worker[a];
		w->crew = c;
		w->actor = a;
		w->round = c->first;
		w->spins = yields ? 8 : 512;
		w->rng = seed + a + 1;
		rng_next(&w->rng);
	}
	return c;
}

void crew_free(struct crew *c)
{
	world_unmap(c->states, round_up(c->pitch * BLOCK_ROUNDS, 4096));
	world_unmap(c->slot, round_up(sizeof(struct slot) * c->slots * BLOCK_ROUNDS, 4096));
	world_unmap(c->outcome, round_up(sizeof(word32) * BLOCK_ROUNDS, 4096));
	world_unmap(c, round_up(sizeof(struct crew), 4096));
}

void crew_equip(struct crew *c, const struct env *e)
{
	c->env = *e;
	c->test = c->subject->layout[e->layout];
	double ticks_per_ns = clock_ticks_per_ns();
	c->coarse = e->pace && !clock_is_fine();
	double unit = e->pace && !c->coarse ? ticks_per_ns : c->turns_per_ns;
	c->longest_wait = (int64_t)(1e6 * ticks_per_ns);
	c->pace = (uint32_t)(e->pace * ticks_per_ns);
	for (unsigned a = 0; a < c->actors; a++) {
		struct worker *w = &c->worker[a];
		w->run = c->test->actor[a].run;
		w->delay = (uint32_t)(e->delay[a] * unit / 10);
		w->jitter = (uint32_t)(e->jitter * unit / 10);
		w->late = false;
		w->touches = 0;
		for (unsigned i = 0; i < ENV_LINES; i++)
			if (e->touch[a][i] != TOUCH_NONE) {
				w->touch[w->touches].offset = (uint16_t)(i * LINE);
				w->touch[w->touches++].kind = e->touch[a][i];
			}
	}
}

void crew_prepare(struct crew *c)
{
	memset(c->slot, 0, sizeof(struct slot) * c->slots * BLOCK_ROUNDS);
	for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
		struct slot *slots = c->slot + i * c->slots;
		for (unsigned a = c->actors; a < c->slots; a++)
			word_init(&slots[a].g.status, G_WAITING);
		c->test->prepare(c->states + i * c->pitch + c->env.shift * 8, slots);
		word_init(&c->outcome[i], OUT_OPEN);
	}
}

const struct outcome engine_outcome[OUT_LISTED] = {
	[OUT_FATAL] = { "fatal", BAD, FATAL, "the target's own throw" },
	[OUT_DEADLOCK] = { "deadlock", BAD, DEADLOCK,
			   "an actor sleeps on a futex and nobody is left to wake it" },
	[OUT_WRONG] = { "unlisted", BAD, WRONG_OUTCOME,
			"an outcome that the case does not list" },
};

void crew_settle(struct crew *c, uint32_t count[OUT_KINDS])
{
	for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
		/* pairs with: strand(), hook_fatal() swaps */
		uint32_t o = load_acquire(&c->outcome[i]);
		if (o == OUT_OPEN) {
			int j = c->test->judge(c->states + i * c->pitch + c->env.shift * 8,
					       c->slot + i * c->slots);
			o = j < 0 ? OUT_WRONG : (uint32_t)j + OUT_LISTED;
			/* relaxed: alone between blocks; a finding reads it */
			store_relaxed(&c->outcome[i], o);
		}
		count[o]++;
	}
}
