/* Timers and yields: goroutines add, move, stop and reset timers of their own,
 * sleep and yield, and each readies a partner and goes on computing, beside
 * processors that have just gone idle. A timer's cookie is the time at which it
 * is due.
 */
#include "sched/gc.h"
#include "sched/timers.h"
#include "storms/sched/wild.h"

enum {
	OWN = 8,              /* timers of a goroutine */
	ROOM = 1024,          /* stack for a goroutine's own functions */
	US = 1000, MS = 1000 * US,
	SOON = 300 * US,      /* most deadlines */
	PAUSE = 4096, SHORTER = 12, /* turns between two things, at most; halved so often */
	ROUNDS = 32,          /* of who has the stage */
	CHASE = 20 * US,      /* until a chased timer is due, at most */
	JITTER = 16, HELD = 20000, LURK = 4096, /* turns, at most */
	LOOKS = 3             /* of the watcher, at which computing is over */
};
enum { OP_ADD, OP_MOVE, OP_STOP, OP_RESET, OP_FIRE, OP_SLEEP, OP_YIELD, OP_READY,
       OP_CHASE };

/* A timer, and what its goroutine and its firings know of it. */
struct clock {
	struct timer timer;
	struct tally *of;
	int64_t armed;    /* the owner's: cookie of the last time it was started; 0: stopped */
	word64 fired;     /* of its last firing */
};

/* A timer that is chased, and one that fires just before it: whoever fires that
 * waits until the goroutine that chases runs beside it. held: NOT_YET -> HOLDS
 * by who fires; any -> CHASED by who chases. */
enum { NOT_YET, HOLDS, CHASED };
struct hold {
	struct timer timer;
	struct clock clock;
	word32 held;
};

/* One that readies, and one who is readied: a place to wait at, 0 -> g by who
 * waits, -> 1 by who comes. */
static struct pair {
	wordptr place;
	word64 turns;     /* of the partner */
	word32 over;      /* 1: the partner ends at its next turn */
	struct clock clock[OWN];
	struct hold hold;
} *pair;
static word32 running; /* goroutines that have to end first */
static word32 stage;   /* what one does whom the others make room for */
enum { NOBODY_ACTS, CHASING, READYING };

static void leave(void)
{
	/* pairs with: timers_main() */
	fetch_add_acq_rel(&running, (uint32_t)-1);
}

/* Mostly for a moment: about as long as it takes to go idle. */
static void pause_a_little(struct tally *t)
{
	world_relax_for(rng_below(&t->rng, PAUSE) >> rng_below(&t->rng, SHORTER));
}

/* --- timers --- */

/* On a worker's own stack. */
static void fire(void *arg, uintptr_t due)
{
	struct clock *c = arg;
	if (world_now() < (int64_t)due)
		wild.order->found(STALE_ARM, "a timer fires with the cookie of a time to come", 1);
	/* relaxed: figures, and a hint to the owner */
	store_relaxed(&c->fired, due);
	fetch_add_relaxed(&c->of->op[OP_FIRE], 1); /* relaxed: as above */
}

static int64_t some_time(struct tally *t)
{
	uint32_t dice = rng_below(&t->rng, 16);
	int64_t now = world_now();
	if (dice == 0)
		return now + 1000 * (int64_t)MS;
	return dice == 1 ? now - US : now + rng_below(&t->rng, SOON);
}

static void start(struct tally *t, struct clock *c, unsigned op)
{
	c->armed = some_time(t);
	timers_start(&c->timer, c->armed, fire, c, (uintptr_t)c->armed);
	wild_count(t, op);
}

static void stop(struct clock *c)
{
	timers_stop(&c->timer);
	c->armed = 0;
}

static void turn_a_clock(struct tally *t, struct clock *c)
{
	/* relaxed: a hint; it may fire at any time */
	bool armed = c->armed != 0 && (int64_t)load_relaxed(&c->fired) != c->armed;
	uint32_t dice = rng_below(&t->rng, 4);
	if (!armed) {
		start(t, c, OP_ADD);
	} else if (dice < 2) {
		start(t, c, OP_MOVE);
	} else {
		stop(c);
		if (dice == 2)
			start(t, c, OP_RESET);
		else
			wild_count(t, OP_STOP);
	}
}

/* On a worker's own stack: until who chases is there. */
static void fire_hold(void *arg, uintptr_t due)
{
	struct hold *h = arg;
	(void)due;
	/* pairs with: chase() */
	exchange_acq_rel(&h->held, HOLDS);
	/* relaxed: here and below, glances */
	for (unsigned i = 0; i < HELD && load_relaxed(&h->held) == HOLDS; i++)
		world_relax();
}

/* One whose timers are in another processor's heap, for whoever has this one is
 * busy chasing; or one that is in none yet. NULL: none. The stage's. */
static struct hold *hold_elsewhere(struct pair *p)
{
	struct P *own = m_self()->p;
	if (!p->hold.timer.home)
		return &p->hold;
	for (unsigned i = 0; i < wild.tallies; i++)
		if (pair[i].hold.timer.home && pair[i].hold.timer.home != own)
			return &pair[i].hold;
	return NULL;
}

/* Moves a timer that is due when somebody is about to fire it. */
static void chase(struct tally *t, struct pair *p)
{
	struct hold *h = hold_elsewhere(p);
	if (!h)
		return;
	struct clock *c = &h->clock;
	int64_t soon = world_now() + rng_below(&t->rng, CHASE), later = soon + 1000 * (int64_t)MS;
	/* relaxed: here and below, glances, and published by the timers'
	 * lock */
	uint32_t looks = load_relaxed(&wild.looks);
	store_relaxed(&h->held, NOT_YET); /* relaxed: as above */
	uint32_t jitter = rng_below(&t->rng, JITTER);
	timers_start(&c->timer, soon + 1, fire, c, (uintptr_t)soon);
	timers_start(&h->timer, soon, fire_hold, h, 0);
	/* relaxed: as above */
	while (load_relaxed(&h->held) == NOT_YET && load_relaxed(&wild.looks) - looks < LOOKS)
		world_relax();
	/* pairs with: fire_hold() */
	exchange_acq_rel(&h->held, CHASED);
	world_relax_for(jitter); /* as long as it takes to come to the next timer */
	timers_start(&c->timer, later, fire, c, (uintptr_t)later);
	timers_stop(&h->timer);
	stop(c);
	wild_count(t, OP_CHASE);
}

/* --- partners --- */

static bool wait_there(struct g *g, void *arg)
{
	uintptr_t none = 0;
	/* pairs with: come() — the waiter's status */
	return cas_acq_rel((wordptr *)arg, &none, (uintptr_t)g);
}

static void come(wordptr *place)
{
	/* pairs with: wait_there() swap */
	uintptr_t g = exchange_acq_rel(place, 1);
	if (g > 1)
		runtime->ready((struct g *)g);
}

static void partner(void *arg)
{
	struct pair *p = arg;
	stack_need(ROOM);
	/* pairs with: setter()'s store */
	while (!load_acquire(&p->over)) {
		/* pairs with: come() */
		if (load_acquire(&p->place) == 0)
			runtime->park(wait_there, &p->place);
		/* pairs with: come() — whoever comes now comes again */
		exchange_acq_rel(&p->place, 0);
		/* pairs with: compute_until() */
		fetch_add_acq_rel(&p->turns, 1);
	}
	leave();
}

/* Until the partner has had its turn, if a processor is idle and could give it
 * one: or the watcher has had a good look. */
static void compute_until(struct pair *p, uint64_t turn)
{
	struct sched *s = sched_current();
	/* relaxed: here and below, glances */
	uint32_t looks = load_relaxed(&wild.looks);
	while (load_relaxed(&p->turns) == turn && load_relaxed(&s->idle_ps) != 0 &&
	       load_relaxed(&wild.looks) - looks < LOOKS) /* relaxed: as above */
		world_relax();
}

/* Until somebody takes the lock under which processors go idle. */
static void lurk(struct tally *t)
{
	/* relaxed: a glance */
	for (unsigned i = 0; i < LURK && load_relaxed(&sched_current()->lock.state) == 0; i++)
		world_relax();
	world_relax_for(rng_below(&t->rng, JITTER));
}

static void ready_and_compute(struct tally *t, struct pair *p)
{
	/* relaxed: a glance */
	uint64_t turn = load_relaxed(&p->turns);
	lurk(t);
	come(&p->place);
	wild_compute(t, true);
	compute_until(p, turn);
	pause_a_little(t);
	wild_compute(t, false);
	wild_count(t, OP_READY);
}

/* Until a timer of its own has fired, which others must see to. */
static void start_and_compute(struct tally *t, struct clock *c)
{
	/* relaxed: here and below, glances */
	uint32_t looks = load_relaxed(&wild.looks);
	c->armed = world_now() + rng_below(&t->rng, CHASE);
	timers_start(&c->timer, c->armed, fire, c, (uintptr_t)c->armed);
	wild_compute(t, true);
	/* relaxed: as above */
	while ((int64_t)load_relaxed(&c->fired) != c->armed &&
	       /* relaxed: as above */
	       load_relaxed(&sched_current()->idle_ps) != 0 &&
	       load_relaxed(&wild.looks) - looks < LOOKS) /* relaxed: as above */
		world_relax();
	wild_compute(t, false);
	wild_count(t, OP_ADD);
}

/* --- goroutines --- */

static void sleep_a_little(struct tally *t)
{
	go_sleep(rng_below(&t->rng, SOON));
	wild_count(t, OP_SLEEP);
}

static void yield(struct tally *t)
{
	go_yield();
	wild_count(t, OP_YIELD);
}

/* One goroutine at a time has the stage for a while. */
static void act(struct tally *t, struct pair *p, uint32_t what)
{
	uint32_t nothing = NOBODY_ACTS;
	/* pairs with: the store below */
	if (!cas_acquire(&stage, &nothing, what))
		return;
	for (unsigned i = 0; i < ROUNDS && !wild_stopping(); i++)
		if (what == CHASING)
			chase(t, p);
		else if (i % 2)
			ready_and_compute(t, p);
		else
			start_and_compute(t, &p->clock[0]);
	/* pairs with: the swap above */
	store_release(&stage, NOBODY_ACTS);
}

/* Who is beside a chase runs timers between his turns; who is beside one that
 * readies leaves processors idle. */
static void turn(struct tally *t, struct pair *p)
{
	uint32_t dice = rng_below(&t->rng, 16);
	/* relaxed: a glance */
	uint32_t acts = load_relaxed(&stage);
	if (acts == NOBODY_ACTS && dice < 6)
		act(t, p, dice < 3 ? CHASING : READYING);
	else if (acts == READYING && dice < 12)
		sleep_a_little(t);
	else if (acts == CHASING ? dice < 12 : dice < 8)
		yield(t);
	else if (acts == NOBODY_ACTS && dice < 10)
		sleep_a_little(t);
	else
		turn_a_clock(t, &p->clock[rng_below(&t->rng, OWN)]);
}

static void setter(void *arg)
{
	struct tally *t = arg;
	struct pair *p = &pair[t->id];
	stack_need(ROOM);
	while (!wild_stopping())
		turn(t, p);
	for (unsigned i = 0; i < OWN; i++)
		stop(&p->clock[i]);
	/* pairs with: partner() */
	store_release(&p->over, 1);
	come(&p->place);
	leave();
}

/* Timers that nobody owns any more. */
static unsigned timers_left(struct sched *s)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->procs; i++) {
		mutex_lock(&s->p[i]->timers.lock);
		n += s->p[i]->timers.count;
		mutex_unlock(&s->p[i]->timers.lock);
	}
	return n;
}

static void timers_main(void *arg)
{
	struct sched *s = sched_current();
	struct gc_counts counts;
	(void)arg;
	stack_need(ROOM + sizeof counts);
	gc_begin(&(struct gc_config){ .heap_bytes = (size_t)1 << 24 });
	for (unsigned i = 0; i < wild.tallies; i++) {
		for (unsigned k = 0; k < OWN; k++)
			pair[i].clock[k].of = &wild.tally[i];
		pair[i].hold.clock.of = &wild.tally[i];
		go(partner, &pair[i]);
		go(setter, &wild.tally[i]);
	}
	/* pairs with: leave() */
	while (load_acquire(&running) != 0)
		go_sleep(MS);
	wild_find(STALE_ARM, "timers that were stopped are still there", timers_left(s));
	wild_end();
	gc_end(&counts);
}

static void run(const struct storm_order *order)
{
	enum { SETTERS = 4 };
	pair = world_map(SETTERS * sizeof *pair);
	word_init(&running, 2 * SETTERS);
	word_init(&stage, NOBODY_ACTS);
	wild_storm(order, &(struct wild){ .procs = wild_procs(order->seed | 1), .tallies = SETTERS,
					  .main = timers_main });
	world_unmap(pair, SETTERS * sizeof *pair);
}

STORM(timers,
      .purpose = "timers are added, moved, stopped and reset, and work comes while processors"
		 " go idle",
      .op = { "add", "move", "stop", "reset", "fire", "sleep", "yield", "ready",
	      "chase" },
      .gauge = { "goroutines", "stacks", "stack_kib" }, .files_more = 64, .run = run,
      MUST({ "BUG_TIMER_SEQ_LATE", STALE_ARM, EVERY_MODEL }),
      MAY({ "BUG_LEAVE_UNCHECKED", LOST_WORK, EVERY_MODEL },
	  { "BUG_WAKE_UNFENCED", LOST_WORK, TSO | C11 },
	  { "BUG_TIMER_UNSEEN", LOST_WAKEUP, EVERY_MODEL },
	  { "BUG_PARK_LATE", FATAL, EVERY_MODEL }, { "BUG_STOP_EARLY", FATAL, EVERY_MODEL },
	  ANYTHING("BUG_STEAL_STORE")));
