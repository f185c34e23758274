#define _GNU_SOURCE
#include "engine/round.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"
#include "stress/world.h"

enum { LATE_NS = 100000, START_MARGIN_NS = 400, NAP_US = 50 };

static _Thread_local struct worker *self;

/* --- waiting for the others --- */

/* Called now and then by whoever waits. since: when it first called, 0 before.
 */
static void look_around(struct worker *w, int64_t *since)
{
	int64_t now = world_now();
	if (*since == 0)
		*since = now;
	else if (now - *since > LATE_NS)
		w->late = true; /* a peer is off its processor: the block is spoilt */
	if (!w->crew->yields)
		return;
	/* Who sleeps is run before those who never do. */
	if (w->late)
		usleep(NAP_US);
	else
		sched_yield();
}

static inline void wait_at_least(struct worker *w, struct worker *other, uint64_t at)
{
	int64_t since = 0;
	uint32_t spins = 0;
	/* pairs with: announce() store — all that the other did before */
	while (load_acquire(&other->at) < at)
		if (++spins % w->spins == 0)
			look_around(w, &since);
}

/* Tells the others that this round begins, and so that the one before is over.
 */
static inline void announce(struct worker *w)
{
	/* pairs with: wait_at_least(), quiescent() — all this actor did before
	 */
	store_release(&w->at, w->round << 8);
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
			wait_at_least(w, &c->worker[a], w->round << 8);
}

void crew_wait_passed(struct worker *w, uint64_t round)
{
	for (unsigned a = 0; a < w->crew->actors; a++)
		if (a != w->actor)
			wait_at_least(w, &w->crew->worker[a], (round + 1) << 8);
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
				look_around(w, &since);
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
	uint64_t until = w->start + delay;
	if ((int64_t)(until - clock_ticks()) > c->longest_wait) {
		w->late = true; /* the processors' counters disagree: spoilt */
		return;
	}
	/* Late is allowed: states are each round's own. */
	while ((int64_t)(until - clock_ticks()) > 0)
		;
}

/* --- the end of a round --- */

_Noreturn static void leave_round(struct worker *w)
{
	_longjmp(w->escape, 1);
}

/* Whether w's peers are all past this round or parked in it with nobody to
 * ready them. Progress words only grow within a round, so two equal collects
 * are a snapshot. */
static bool quiescent(struct worker *w)
{
	struct crew *c = w->crew;
	uint64_t seen[MAX_ACTORS];
	for (int collect = 0; collect < 2; collect++)
		for (unsigned a = 0; a < c->actors; a++) {
			struct worker *other = &c->worker[a];
			/* pairs with: announce(), spin_park() stores */
			uint64_t at = load_acquire(&other->at);
			if (collect && at != seen[a])
				return false;
			seen[a] = at;
			if (at >> 8 > w->round)
				continue;
			/* pairs with: spin_ready() swap */
			if (at >> 8 < w->round || !(at & 1) ||
			    load_acquire(&w->slots[a].g.status) != G_WAITING)
				return false;
		}
	return true;
}

/* Nothing can move any more: the first of the parked actors has the round
 * judged. */
_Noreturn static void strand(struct worker *w)
{
	struct crew *c = w->crew;
	unsigned first = w->actor;
	for (unsigned a = c->actors; a-- > 0;)
		/* pairs with: spin_park() store */
		if (load_acquire(&c->worker[a].at) >> 8 == w->round)
			first = a;
	if (first == w->actor) {
		for (unsigned a = first; a < c->actors; a++)
			/* relaxed: quiescent() has read it */
			if (load_relaxed(&c->worker[a].at) >> 8 == w->round)
				w->slots[a].stranded = 1;
		int o = c->test->judge(w->state, w->slots);
		uint32_t open = OUT_OPEN;
		/* The first failure owns the round. pairs with: crew_settle()
		 */
		cas_acq_rel(&c->outcome[w->index], &open,
			    o < 0 ? OUT_WRONG : (uint32_t)o + OUT_LISTED);
		/* pairs with: below — the judge has looked, states may change
		 */
		store_release(&c->judged, w->round);
	} else {
		int64_t since = 0;
		/* pairs with: above */
		while (load_acquire(&c->judged) < w->round)
			look_around(w, &since);
	}
	leave_round(w);
}

/* --- the runtime of cases: parking spins --- */

static struct g *spin_current(void)
{
	return &self->slots[self->actor].g;
}

static void spin_park(commit_fn *commit, void *arg)
{
	struct worker *w = self;
	struct g *g = &w->slots[w->actor].g;
	/* relaxed: commit publishes g */
	store_relaxed(&g->status, G_WAITING);
	if (!commit(g, arg)) {
		g->aborts++;
		/* relaxed: nobody else knows g */
		store_relaxed(&g->status, G_RUNNING);
		return;
	}
	g->parks++;
	/* relaxed: own word */
	uint64_t at = load_relaxed(&w->at);
	/* pairs with: quiescent() — parked */
	store_release(&w->at, at + 3);
	int64_t since = 0;
	for (uint32_t spins = 1;; spins++) {
		/* pairs with: spin_ready() swap — what the waker did before */
		if (load_acquire(&g->status) == G_RUNNABLE)
			break;
		/* pairs with: strand() store */
		if (load_acquire(&w->crew->judged) >= w->round)
			leave_round(w);
		if (quiescent(w))
			strand(w);
		if (spins % w->spins == 0)
			look_around(w, &since);
	}
	/* relaxed: it is this thread's again */
	store_relaxed(&g->status, G_RUNNING);
	/* pairs with: quiescent() — no longer parked */
	store_release(&w->at, at + 4);
}

static void spin_ready(struct g *g)
{
	uint32_t seen = G_WAITING;
	/* pairs with: spin_park() load — all that the waker did before */
	if (!cas_acq_rel(&g->status, &seen, G_RUNNABLE))
		world_fatal("readied a goroutine that does not wait");
}

static void no_timer_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t),
			   void *arg, uintptr_t seq)
{
	(void)t, (void)when, (void)fire, (void)arg, (void)seq;
}

static void no_timer_stop(struct timer *t)
{
	(void)t;
}

/* Timers only fire by an actor that stands for them. */
const struct runtime spin_runtime = {
	.name = "spin",
	.current = spin_current,
	.park = spin_park,
	.ready = spin_ready,
	.timer_start = no_timer_start,
	.timer_stop = no_timer_stop,
};

/* --- hooks: a target that would sleep, yield or throw --- */

static void hook_wait(void)
{
	struct worker *w = self;
	/* pairs with: hook_fatal() — who threw may have left with the lock */
	if (load_acquire(&w->crew->outcome[w->index]) == OUT_FATAL)
		leave_round(w);
	if (w->crew->yields)
		sched_yield();
	else
		world_relax();
}

static void hook_fatal(const char *message)
{
	struct worker *w = self;
	struct crew *c = w->crew;
	uint32_t open = OUT_OPEN;
	/* The first failure owns the round.
	 * pairs with: crew_settle(), hook_wait() */
	if (cas_acq_rel(&c->outcome[w->index], &open, OUT_FATAL) && !c->fatal[0])
		strncpy(c->fatal, message, sizeof c->fatal - 1);
	leave_round(w);
}

static const struct world_hooks hooks = { .wait = hook_wait, .fatal = hook_fatal };

void worker_adopt(struct worker *w)
{
	self = w;
	world_hooks = w ? &hooks : NULL;
}

/* --- a block --- */

/* Asks for a line in order to write it. */
static inline void fetch_own(const char *line)
{
#if defined __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*line));
#else
	__builtin_prefetch(line, 1);
#endif
}

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
			fetch_own(line);
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
	store_release(&w->at, w->round << 8);
}
