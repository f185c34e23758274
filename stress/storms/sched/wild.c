#define _GNU_SOURCE
#include "storms/sched/wild.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sched/canary.h"
#include "sched/gc.h"
#include "storms/process.h"
#include "stress/world.h"

#define MS INT64_C(1000000)
#define SAMPLE_NS (1000 * MS)
#define LOOK_NS (20 * MS) /* at resident memory */

enum { FRAMES = STACK_MARGIN / 32 /* of a deep recursion */ };

struct wild_run wild;

/* --- figures --- */

static struct storm_counts before; /* of earlier slices */
static uint64_t events_before;

/* For words that only their goroutine writes. */
static void bump(word64 *w, uint64_t to)
{
	/* relaxed: a figure */
	store_relaxed(w, to);
}

void wild_count(struct tally *t, unsigned op)
{
	struct g *g = runtime->current();
	/* relaxed: its own */
	bump(&t->op[op], load_relaxed(&t->op[op]) + 1);
	bump(&t->parks, g->parks);
	bump(&t->aborts, g->aborts);
}

void wild_compute(struct tally *t, bool begin)
{
	/* relaxed: its own; published by the next */
	store_relaxed(&t->worker, m_self()->id);
	/* pairs with: rest_look() — what was done before it began, or ended */
	store_seq_cst(&t->busy, load_relaxed(&t->busy) + 1); /* relaxed: its own */
	if ((load_relaxed(&t->busy) & 1) != begin) /* relaxed: as above */
		world_fatal("a goroutine computes twice");
}

/* --- findings --- */

struct finding {
	enum failure failure;
	const char *what;
	uint64_t n;
};

static void tell(void *arg)
{
	const struct finding *f = arg;
	wild.order->found(f->failure, f->what, f->n);
}

void wild_find(enum failure failure, const char *what, uint64_t n)
{
	if (n > 0)
		worker_call(tell, &(struct finding){ failure, what, n });
}

void wild_end(void)
{
	struct sched *s = sched_current();
	/* This one and the collector's own. relaxed: only watched */
	while (load_relaxed(&s->alive) > 2)
		go_sleep(MS);
	gc_collect();
	/* relaxed: nobody else runs */
	wild_find(BLOCK_LEAK, "stacks of goroutines that have ended",
		  load_relaxed(&s->stacks.open) - 2);
	wild_find(DESC_LEAK, "descriptors of the poller were not given back", s->poller.in_use);
}

/* --- stacks --- */

__attribute__((noinline)) static bool dive(int frames, uint64_t value)
{
	struct canary c;
	bool right = true;
	stack_need(sizeof c + 128);
	canary_set(&c, value + (unsigned)frames);
	if (frames > 0)
		right = dive(frames - 1, value);
	else
		go_yield();
	return right && canary_holds(&c, value + (unsigned)frames);
}

void wild_dive(struct tally *t)
{
	bool right = dive((int)rng_below(&t->rng, FRAMES), t->rng);
	wild_find(STACK_CORRUPTION, "a canary on a stack is wrong", !right);
}

/* --- the watcher's figures --- */

/* Returns whether anything has moved. */
static bool add_up(void)
{
	struct storm_counts *c = wild.order->counts;
	uint64_t had = 0, ops = 0;
	c->commits = before.commits;
	c->aborts = before.aborts;
	for (unsigned op = 0; op < STORM_OPS; op++) {
		had += c->op[op];
		c->op[op] = before.op[op];
		for (unsigned i = 0; i < wild.tallies; i++)
			/* relaxed: figures, here and below */
			c->op[op] += load_relaxed(&wild.tally[i].op[op]);
		ops += c->op[op];
	}
	for (unsigned i = 0; i < wild.tallies; i++) {
		/* relaxed: as above */
		c->commits += load_relaxed(&wild.tally[i].parks);
		c->aborts += load_relaxed(&wild.tally[i].aborts);
	}
	/* relaxed: as above */
	c->events = before.events + load_relaxed(&world_events) - events_before;
	return ops != had;
}

/* Resident memory at its lowest since the last sample: stacks come and go by
 * megabytes, and a leak raises the floor. */
static uint64_t floor_kib = UINT64_MAX;

static void look_at_memory(void)
{
	uint64_t kib = resident_kib();
	if (kib < floor_kib)
		floor_kib = kib;
}

static void take_sample(struct sched *s)
{
	look_at_memory();
	struct storm_sample sample = { .files = open_files(), .rss_kib = floor_kib };
	floor_kib = UINT64_MAX;
	mutex_lock(&s->poller.lock);
	sample.open = s->poller.in_use;
	mutex_unlock(&s->poller.lock);
	/* relaxed: figures */
	sample.gauge[0] = load_relaxed(&s->alive);
	sample.gauge[1] = load_relaxed(&s->stacks.open);
	sample.gauge[2] = (uint32_t)(stacks_held(&s->stacks) >> 10);
	if (sample.open > wild.order->counts->open_most)
		wild.order->counts->open_most = sample.open;
	wild.order->sample(&sample);
}

static bool enough(void)
{
	uint64_t ops = 0;
	for (unsigned op = 0; op < STORM_OPS; op++)
		ops += wild.order->counts->op[op];
	return wild.order->until_ops && ops >= wild.order->until_ops;
}

/* --- the watcher --- */

static word32 over; /* 1: the scheduler has ended */

static void watch(void *arg)
{
	static word32 never;
	struct sched *s = arg;
	int64_t sample = world_now() + SAMPLE_NS, look = 0;
	wild.order->sit(wild.tallies);
	/* pairs with: wild_storm() */
	while (!load_acquire(&over)) {
		world_futex_wait(&never, 0, MS);
		watch_wedges(s);
		watch_waiters(s);
		rest_look(s);
		/* pairs with: whoever waits to have been looked at */
		fetch_add_acq_rel(&wild.looks, 1);
		if (add_up())
			wild.order->alive();
		int64_t now = world_now();
		/* relaxed: nothing comes with it */
		if (now >= wild.order->end || load_relaxed(wild.order->stop) || enough())
			/* pairs with: wild_stopping() */
			store_release(&wild.stop, 1);
		if (now >= look) {
			look = now + LOOK_NS;
			look_at_memory();
		}
		if (now >= sample) {
			sample += SAMPLE_NS;
			take_sample(s);
		}
	}
}

static void worker_started(unsigned id)
{
	rest_worker(id);
	wild.order->sit(id);
}

static world_thread watcher;

static void ended(struct sched *s)
{
	const struct poll_backend *backend = s->poller.backend;
	/* pairs with: watch() */
	store_release(&over, 1);
	world_thread_join(watcher);
	uint32_t stale = backend->stale ? backend->stale(&s->poller) : 0;
	if (stale > 0)
		wild.order->found(STALE_ARM, "associated with a number that is somebody else's",
				  stale);
}

static void deadlock(struct sched *s)
{
	(void)s;
	wild.order->found(DEADLOCK, "every goroutine waits, and nobody is left to ready one", 1);
	world_leave();
}

unsigned wild_procs(uint64_t seed)
{
	long have = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned procs = have < 2 ? 2 : (unsigned)have;
	if (seed % 4 != 0)
		procs *= 2;
	return procs < MOST_PROCS ? procs : MOST_PROCS;
}

void wild_storm(const struct storm_order *order, const struct wild *w)
{
	char what[96];
	const struct poll_backend *backend = order->backend ? order->backend : &epoll_late_backend;
	struct sched_config config = { .procs = w->procs,
				       .backend = w->aimed ? wild_backend(backend) : backend,
				       .worker_started = worker_started,
				       .deadlock = deadlock, .ended = ended };
	if (config.procs == 0)
		config.procs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	signal(SIGPIPE, SIG_IGN);
	memset(&wild, 0, sizeof wild);
	wild.order = order;
	wild.tallies = w->tallies;
	wild.tally = world_map(w->tallies * sizeof *wild.tally);
	for (unsigned i = 0; i < w->tallies; i++) {
		wild.tally[i].id = i;
		wild.tally[i].rng = order->seed * 1000003 + i + 1;
	}
	before = *order->counts;
	/* relaxed: alone */
	events_before = load_relaxed(&world_events);
	word_init(&over, 0);
	uint32_t files = open_files();
	if (world_thread_start(&watcher, watch, sched_current()) != 0 ||
	    sched_run(&config, w->main, NULL, NULL) != 0)
		order->give_up("cannot start the scheduler");
	add_up();
	int left = (int)open_files() - (int)files;
	if (left != 0) {
		snprintf(what, sizeof what, "%d open files more than at the start", left);
		order->found(DESC_LEAK, what, (uint64_t)(left < 0 ? -left : left));
	}
	world_unmap(wild.tally, w->tallies * sizeof *wild.tally);
}
