/* What an actor meets inside a round: it parks, waits for others, throws, or is
 * left behind.
 *
 * A spinner tells nobody that it has left its loop, so that it can never go on
 * is concluded from counts: since some moment no peer has passed the round,
 * parked or been readied, and every peer that still could move has done nothing
 * but PATIENCE turns of waiting, as has the spinner itself; and once more from
 * then on. What the last of them wrote was there to be read that often. A peer
 * that works, or is off its processor, makes no turns.
 */
#include <string.h>

#include "engine/round.h"
#include "stress/world.h"

enum { PATIENCE = 256, TURNS_PER_LOOK = 64, TURNS_PER_YIELD = 8 };

static _Thread_local struct worker *self;

/* --- the end of a round --- */

_Noreturn static void leave_round(struct worker *w)
{
	_longjmp(w->escape, 1);
}

static uint64_t now_at(uint64_t at, enum standing s)
{
	return (at & ~(uint64_t)AT_STANDING) + AT_STANDING + 1 + s;
}

/* Whether actor a, last seen there, does nothing more in w's round unless
 * somebody else does. */
static bool at_rest(const struct worker *w, unsigned a, uint64_t at)
{
	if (at >> AT_ROUND != w->round)
		return at >> AT_ROUND > w->round;
	if ((at & AT_STANDING) == PARKED)
		/* pairs with: spin_ready() swap */
		return load_acquire(&w->slots[a].g.status) == G_WAITING;
	return (at & AT_STANDING) == SPINNING;
}

/* Whether all are past this round or at rest in it. Progress words only grow
 * within a round, so two equal collects are a snapshot. */
static bool quiescent(struct worker *w)
{
	struct crew *c = w->crew;
	uint64_t seen[MAX_ACTORS];
	for (int collect = 0; collect < 2; collect++)
		for (unsigned a = 0; a < c->actors; a++) {
			/* pairs with: announce(), spin_park(), give_up()
			 * stores */
			uint64_t at = load_acquire(&c->worker[a].at);
			if ((collect && at != seen[a]) || !at_rest(w, a, at))
				return false;
			seen[a] = at;
		}
	return true;
}

/* Has the round judged. Whoever slept on a futex is in a deadlock, whatever the
 * judge would make of it. */
static void judge(struct worker *w)
{
	struct crew *c = w->crew;
	bool asleep = false;
	for (unsigned a = 0; a < c->actors; a++) {
		/* relaxed: quiescent() has read it */
		uint64_t at = load_relaxed(&c->worker[a].at);
		if (at >> AT_ROUND != w->round)
			continue;
		w->slots[a].stranded = at & AT_STANDING;
		asleep |= (at & AT_STANDING) == SPINNING && c->worker[a].asleep;
	}
	uint32_t open = OUT_OPEN, outcome = OUT_DEADLOCK;
	if (!asleep) {
		int o = c->test->judge(w->state, w->slots);
		outcome = o < 0 ? OUT_WRONG : (uint32_t)o + OUT_LISTED;
	}
	/* The first failure owns the round. pairs with: crew_settle() */
	cas_acq_rel(&c->outcome[w->index], &open, outcome);
}

/* Nothing can move any more: the first of those at rest judges, then all go
 * on. */
_Noreturn static void strand(struct worker *w)
{
	struct crew *c = w->crew;
	unsigned first = w->actor;
	for (unsigned a = c->actors; a-- > 0;)
		/* pairs with: spin_park(), give_up() stores */
		if (load_acquire(&c->worker[a].at) >> AT_ROUND == w->round)
			first = a;
	if (first == w->actor) {
		judge(w);
		/* pairs with: below — the judge has looked, states may change
		 */
		store_release(&c->judged, w->round);
	} else {
		int64_t since = 0;
		/* pairs with: above */
		while (load_acquire(&c->judged) < w->round)
			worker_look_around(w, &since);
	}
	leave_round(w);
}

/* One turn of an actor at rest. */
static inline void rest(struct worker *w, uint32_t spins, int64_t *since)
{
	/* pairs with: strand() store */
	if (load_acquire(&w->crew->judged) >= w->round)
		leave_round(w);
	if (quiescent(w))
		strand(w);
	if (spins % w->spins == 0)
		worker_look_around(w, since);
}

/* --- spinning: world_relax() and what waits without sleeping --- */

/* Where a peer stands, as far as it concerns w's round. */
static uint64_t seen_from(const struct worker *w, const struct worker *other)
{
	/* pairs with: announce(), spin_park(), give_up() stores */
	uint64_t at = load_acquire(&other->at);
	return at >> AT_ROUND > w->round ? UINT64_MAX : at;
}

static void watch_anew(struct worker *w)
{
	w->watched = w->round;
	w->watched_turns = w->turns;
	w->certain = false;
	for (unsigned a = 0; a < w->crew->actors; a++) {
		struct worker *other = &w->crew->worker[a];
		w->watch[a].at = seen_from(w, other);
		/* pairs with: spun() store */
		w->watch[a].turns = load_acquire(&other->spun);
	}
}

/* Whether a peer, last seen there, is at rest or does nothing but wait. */
static bool waits(const struct worker *w, unsigned a, uint64_t at)
{
	/* pairs with: spun() store — that many looks in vain */
	uint64_t turns = load_acquire(&w->crew->worker[a].spun) - w->watch[a].turns;
	return at_rest(w, a, at) || (at >> AT_ROUND == w->round &&
				     (at & AT_STANDING) == RUNNING && turns >= PATIENCE);
}

/* Whether w and all its peers have done nothing but wait, and long enough. */
static bool hopeless(struct worker *w)
{
	if (w->watched != w->round) {
		watch_anew(w);
		return false;
	}
	bool all = w->turns - w->watched_turns >= PATIENCE;
	for (unsigned a = 0; a < w->crew->actors; a++) {
		if (a == w->actor)
			continue;
		uint64_t at = seen_from(w, &w->crew->worker[a]);
		if (w->watch[a].at != at) {
			watch_anew(w);
			return false;
		}
		all &= waits(w, a, at);
	}
	/* These looks may have come before the last write of a peer that has
	 * since done nothing but wait. So they come twice: the second time
	 * after all that was written then. */
	if (!all || w->certain)
		return all;
	watch_anew(w);
	w->certain = true;
	return false;
}

_Noreturn static void give_up(struct worker *w)
{
	w->asleep = w->turns - w->slept < PATIENCE;
	/* relaxed: own word */
	uint64_t at = load_relaxed(&w->at);
	/* pairs with: quiescent(), hopeless() — asleep, and all before */
	store_release(&w->at, now_at(at, SPINNING));
	int64_t since = 0;
	for (uint32_t spins = 1;; spins++)
		rest(w, spins, &since);
}

static bool threw(const struct crew *c, uint32_t outcome)
{
	for (const struct thrown *t = c->test->thrown; t && t->message; t++)
		if (outcome == (uint32_t)t->outcome + OUT_LISTED)
			return true;
	return outcome == OUT_FATAL;
}

/* Called now and then by whoever spins. */
static void spun(struct worker *w)
{
	/* pairs with: hopeless() */
	store_release(&w->spun, w->turns);
	/* pairs with: hook_fatal() — who threw may have left with the lock */
	if (threw(w->crew, load_acquire(&w->crew->outcome[w->index])))
		leave_round(w);
	if (hopeless(w))
		give_up(w);
	if (w->crew->yields || w->turns % TURNS_PER_LOOK == 0)
		worker_look_around(w, &w->since);
}

static void hook_relax(void)
{
	struct worker *w = self;
	uint64_t turns = ++w->turns;
	if (turns % TURNS_PER_LOOK == 0 || (turns % TURNS_PER_YIELD == 0 && w->crew->yields))
		spun(w);
}

/* Who sleeps on a futex, and not to a time-out of its own, spins too. */
static void hook_wait(int64_t timeout_ns)
{
	struct worker *w = self;
	if (timeout_ns < 0)
		w->slept = w->turns;
	if (timeout_ns <= 0)
		w->turns++;
	spun(w);
	if (!w->crew->yields)
		cpu_relax();
}

static void hook_fatal(const char *message)
{
	struct worker *w = self;
	struct crew *c = w->crew;
	int thrown = case_thrown(c->test, message);
	uint32_t open = OUT_OPEN, outcome = thrown < 0 ? OUT_FATAL : (uint32_t)thrown + OUT_LISTED;
	/* The first failure owns the round.
	 * pairs with: crew_settle(), spun() */
	if (cas_acq_rel(&c->outcome[w->index], &open, outcome) && outcome == OUT_FATAL &&
	    !c->fatal[0])
		strncpy(c->fatal, message, sizeof c->fatal - 1);
	leave_round(w);
}

static const struct world_hooks hooks = { .relax = hook_relax, .wait = hook_wait,
					  .fatal = hook_fatal };

void worker_adopt(struct worker *w)
{
	self = w;
	world_hooks = w ? &hooks : NULL;
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
	uint64_t at = now_at(load_relaxed(&w->at), PARKED);
	/* pairs with: quiescent(), hopeless() — parked */
	store_release(&w->at, at);
	int64_t since = 0;
	for (uint32_t spins = 1;; spins++) {
		/* pairs with: spin_ready() swap — what the waker did before */
		if (load_acquire(&g->status) == G_RUNNABLE)
			break;
		rest(w, spins, &since);
	}
	/* relaxed: it is this thread's again */
	store_relaxed(&g->status, G_RUNNING);
	/* pairs with: quiescent(), hopeless() — no longer parked */
	store_release(&w->at, now_at(at, RUNNING));
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
