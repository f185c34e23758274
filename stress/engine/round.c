#define _GNU_SOURCE
#include "engine/round.h"

#include <sched.h>
#include <unistd.h>

#include "base/hint.h"
#include "engine/clock.h"
#include "stress/world.h"

enum { LATE_NS = 100000, START_MARGIN_NS = 400, NAP_US = 50 };

/* --- waiting for the others --- */

bool wait_nap(int64_t *since, int64_t longest_ns)
{
	int64_t now = world_now();
	if (*since == 0)
		*since = now;
	if (now - *since <= longest_ns)
		return false;
	usleep(NAP_US);
	return true;
}

void worker_look_around(struct worker *w, int64_t *since)
{
	/* A peer is off its processor: the block is spoilt. */
	if (wait_nap(since, LATE_NS))
		w->late = true;
	else if (w->crew->yields && w->late)
		usleep(NAP_US);
	else if (w->crew->yields)
		sched_yield();
}

static inline void wait_at_least(struct worker *w, struct worker *other, uint64_t at)
{
	int64_t since = 0;
	uint32_t spins = 0;
	/* pairs with: announce() store — all that the other did before */
	while (load_acquire(&other->at) < at)
		if (++spins % w->spins == 0)
			worker_look_around(w, &since);
}

/* Tells the others that this round begins, and so that the one before is over.
 */
static inline void announce(struct worker *w)
{
	/* pairs with: wait_at_least(), quiescent(), hopeless() — all this
	 * actor did before */
	store_release(&w->at, w->round << AT_ROUND);
	if (w->crew->env.fence >> w->actor & 1)
		/* pairs with: nothing; empties the store buffer, a lever of aim
		 */
		fence_seq_cst();
}

static inline void arrive(struct worker *w)
{
	struct crew *c = w->crew;
	announce(w);
	for (unsigned a = 0; a < c->actors; a++)
		if (a != w->actor)
			wait_at_least(w, &c->worker[a], w->round << AT_ROUND);
}

void crew_wait_passed(struct worker *w, uint64_t round)
{
	for (unsigned a = 0; a < w->crew->actors; a++)
		if (a != w->actor)
			wait_at_least(w, &w->crew->worker[a], (round + 1) << AT_ROUND);
}

static inline void spin(uint32_t turns)
{
	while (turns-- > 0)
		__asm__ volatile("");
}

/* Every PACED rounds the actors meet, and actor 0 says when the next ones
 * start. */
static void agree_on_start(struct worker *w)
{
	struct crew *c = w->crew;
	if (w->actor == 0) {
		c->start = clock_ticks() +
			   (uint64_t)(START_MARGIN_NS * clock_ticks_per_ns());
		/* pairs with: below — start */
		store_release(&c->agreed, w->round);
	} else {
		int64_t since = 0;
		uint32_t spins = 0;
		/* pairs with: above */
		while (load_acquire(&c->agreed) < w->round)
			if (++spins % w->spins == 0)
				worker_look_around(w, &since);
	}
	w->start = c->start;
}

/* Returns when the actor is to run its part of this round. */
static inline void start(struct worker *w)
{
	struct crew *c = w->crew;
	uint32_t delay = w->delay;
	if (w->jitter)
		delay += rng_below(&w->rng, w->jitter);
	if (c->pace == 0) {
		arrive(w);
		spin(delay);
		return;
	}
	if ((w->round - c->first) % PACED == 0) {
		arrive(w);
		agree_on_start(w);
	} else {
		announce(w);
		w->start += c->pace;
	}
	uint64_t until = w->start + (c->coarse ? 0 : delay);
	if ((int64_t)(until - clock_ticks()) > c->longest_wait) {
		w->late = true; /* the processors' counters disagree: spoilt */
		return;
	}
	/* Late is allowed: states are each round's own. */
	while ((int64_t)(until - clock_ticks()) > 0)
		;
	/* All see the same tick change; what is finer than a tick is turned. */
	if (c->coarse)
		spin(delay);
}

/* --- a block --- */

/* Loads from a line and drops the value: to C it would be a race with whoever
 * is in the round already. */
static inline void fetch_shared(const char *line)
{
	uint32_t value;
#if defined __x86_64__
	__asm__ volatile("movzbl %1, %0" : "=r"(value) : "m"(*line));
#elif defined __aarch64__
	__asm__ volatile("ldrb %w0, %1" : "=r"(value) : "Q"(*line));
#endif
	(void)value;
}

static inline void fetch_lines(struct worker *w)
{
	for (uint32_t i = 0; i < w->touches; i++) {
		const char *line = w->state + w->touch[i].offset;
		if (w->touch[i].kind == TOUCH_OWN)
			hint_write((uintptr_t)line);
		else
			fetch_shared(line);
	}
}

__attribute__((noinline)) static void run_rounds(struct worker *w)
{
	struct crew *c = w->crew;
	while (w->round < c->first + BLOCK_ROUNDS) {
		uint32_t i = round_index(w->round - c->first);
		if (w->actor == 0 && (w->round - c->first) % PACED == 0 && c->heartbeat)
			/* relaxed: only watched for change */
			fetch_add_relaxed(c->heartbeat, 1);
		w->index = i;
		w->state = c->states + i * c->pitch + c->env.shift * 8;
		w->slots = c->slot + i * c->slots;
		w->since = 0;
		fetch_lines(w);
		start(w);
		w->run(w->state, &w->slots[w->actor]);
		w->round++;
	}
}

void worker_run_block(struct worker *w)
{
	while (w->round < w->crew->first + BLOCK_ROUNDS) {
		if (_setjmp(w->escape) == 0)
			run_rounds(w);
		else
			w->round++;
	}
	/* pairs with: wait_at_least() — all that this actor did */
	store_release(&w->at, w->round << AT_ROUND);
}
