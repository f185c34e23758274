/* The environment of a block: everything but the code that decides whether the
 * critical instructions of two actors meet. Aim searches it; --env replays it.
 *
 *   layout=spread,pace=250,delay=0:35.5,jitter=6.4,touch=r.o./.r..,shift=0,
 *   fence=01,by=1
 */
#ifndef ENGINE_ENV_H
#define ENGINE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/case.h"

enum { ENV_LINES = 12, ENV_TEXT = 176, LINE = 64, LAYOUTS = 2, ENV_LONGEST_DELAY = 6000,
       ENV_LONGEST_PACE = 5000, ENV_PLAIN_PACE = 400 };

/* How an actor fetches a cache line of the state just before the round. */
enum touch { TOUCH_NONE, TOUCH_READ, TOUCH_OWN };

struct env {
	uint16_t pace;              /* rounds start by the clock, this many ns apart;
				     * 0: by a handshake before every round */
	uint16_t delay[MAX_ACTORS]; /* between release and start, in 0.1 ns */
	uint16_t jitter;            /* each adds 0 .. this at random, in 0.1 ns */
	uint8_t touch[MAX_ACTORS][ENV_LINES];
	uint8_t layout; /* index into the case's layouts */
	uint8_t shift;  /* where in its line the state begins, in 8-byte words */
	uint8_t fence;  /* bit per actor: a full fence inside the barrier */
	uint8_t by;     /* the actor that prepares, and so owns the lines at first */
};

/* One case in the layouts it was built in. */
struct subject {
	const struct test_case *layout[LAYOUTS];
	unsigned layouts, actors, slots;
	unsigned lines[LAYOUTS]; /* of the state that touching covers */
};

/* Finds a case by name in the linker section. Returns false if there is none.
 */
bool subject_find(const char *name, struct subject *s);
/* Writes the text form. */
void env_text(const struct env *e, const struct subject *s, char text[ENV_TEXT]);
/* Reads the text form; parts left out are as in env_plain. Returns NULL, or
 * what is wrong with the text. */
const char *env_parse(const char *text, const struct subject *s, struct env *e);
/* Actors released together, natural layout, nothing touched: aim's zero. */
void env_plain(struct env *e);
/* A random environment; layout < 0: any. */
void env_random(struct env *e, const struct subject *s, int layout, uint64_t *rng);
/* Changes one thing, or a few. */
void env_mutate(struct env *e, const struct subject *s, int layout, uint64_t *rng);
/* Whether two differ in nothing but the start offset and jitter. */
bool env_same_but_offset(const struct env *a, const struct env *b);
/* Start of actor 1 relative to actor 0, in ns. */
double env_offset(const struct env *e);

/* xorshift64*, Vigna 2016: the next number; *state is never 0. */
static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t x = *state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 2685821657736338717u;
}

/* 0 .. n-1 */
static inline uint32_t rng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rng_next(state) >> 32) * n >> 32);
}

#endif
