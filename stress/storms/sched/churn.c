/* The poller's churn (storms/poller/churn.c) on the scheduler: goroutines are
 * many on few threads, timers fire between them, and whoever has nothing to run
 * polls.
 *
 * Whom the poller has taken is ready a moment later, and by anybody: so polls
 * are watched, each thread's in a slot of its own.
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "poller/loop.h"
#include "storms/poller/churn.h"
#include "storms/sched/wild.h"
#include "stress/world.h"

enum {
	STACK = 32 << 10, NAP_NS = 100000, TICK_NS = 1000000,
	SLOTS = 1024, EVENTS_PER_CALL = 128, PARK_STEPS = 3
};

/* --- polls, watched --- */

/* A thread that polls. turn: odd while it does. */
static struct polls {
	_Alignas(64) word64 turn;
} polls[SLOTS];
static word32 slots;

/* What the poller took last of a goroutine's parks: the park (its serial by
 * PARK_STEPS), in whose hand, and that one's turn after it. */
static struct hand {
	word64 park, turn;
	word32 slot;
} hand[MOST_WORKERS];

static word64 asked;   /* graces begun */
static word64 stood;   /* the last grace since which the world has stood still */
static word32 begin;   /* 1: the goroutines may start */
static word32 end;     /* 1: all of them have ended */

static struct polls *own_polls(void)
{
	static _Thread_local uint32_t mine;
	if (mine == 0)
		/* relaxed: a number */
		mine = fetch_add_relaxed(&slots, 1) + 1;
	if (mine > SLOTS)
		churn.order->give_up("more threads poll than there are slots for");
	return &polls[mine - 1];
}

static void note_hand(struct g *g, const struct polls *s, uint64_t turn)
{
	const struct worker *w = ((struct G *)g)->arg;
	struct hand *h = &hand[w->id];
	/* relaxed: the turn that follows publishes them */
	store_relaxed(&h->park, load_relaxed(&w->park) / PARK_STEPS + 1);
	store_relaxed(&h->slot, (uint32_t)(s - polls));
	store_relaxed(&h->turn, turn); /* relaxed: as above */
}

static unsigned poll_watched(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct polls *s = own_polls();
	/* pairs with: await_polls() — before anything is taken */
	uint64_t turn = fetch_add_seq_cst(&s->turn, 1) + 2;
	unsigned n = churn.order->backend->poll(p, delay, list, waiters);
	for (unsigned i = 0; i < n; i++)
		note_hand(list[i], s, turn);
	/* pairs with: await_polls() — whom it took is noted */
	store_release(&s->turn, turn);
	return n;
}

static bool in_hand(const struct worker *w, uint64_t park)
{
	const struct hand *h = &hand[w->id];
	/* relaxed: of a poll that had ended before the grace */
	return load_relaxed(&h->park) == park / PARK_STEPS + 1 &&
	       /* pairs with: poll_watched() — another poll, so no longer */
	       load_acquire(&polls[load_relaxed(&h->slot)].turn) == load_relaxed(&h->turn);
}

/* --- grace --- */

static void nap(void)
{
	static word32 never;
	world_futex_wait(&never, 0, NAP_NS);
}

/* Polls that have begun end. */
static void await_polls(void)
{
	/* relaxed: whoever comes later begins later */
	uint32_t n = load_relaxed(&slots);
	for (uint32_t i = 0; i < n; i++) {
		/* pairs with: poll_watched() */
		uint64_t turn = load_seq_cst(&polls[i].turn);
		/* pairs with: as above */
		while (turn % 2 == 1 && load_acquire(&polls[i].turn) == turn) {
			churn.poller->backend->wake(churn.poller);
			nap();
		}
	}
}

/* Polls until the list was empty. A poll that does not wait would see nothing
 * in an alerted port; one that does calms it, and a worker that was meant by
 * the alert is woken anew. */
static void drain(void)
{
	struct sched *s = sched_current();
	uint64_t events;
	do {
		/* relaxed: others' events only make it more */
		events = load_relaxed(&world_events);
		poller_once(churn.poller, 1);
		/* pairs with: schedule_block() */
		if (load_seq_cst(&s->last_poll) == 0)
			churn.poller->backend->wake(churn.poller);
		/* relaxed: as above */
	} while (load_relaxed(&world_events) - events >= EVENTS_PER_CALL);
}

static void grace(void)
{
	/* pairs with: sched_main() */
	uint64_t mine = fetch_add_seq_cst(&asked, 1) + 1;
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	/* Goroutines, and workers that fire timers, end what they do before the
	 * world stands still. pairs with: sched_main() */
	while (load_acquire(&stood) < mine)
		nap();
	await_polls();
	drain();
	await_polls(); /* and what others took meanwhile is handed on */
}

/* --- from start to end --- */

static world_thread scheduler;
static word32 started;

static void roomy_main(void *arg)
{
	stack_need(STACK); /* the storm's functions do not ask */
	worker_main(arg);
}

/* The first goroutine: starts the others, and stops the world when asked. */
static void sched_main(void *arg)
{
	(void)arg;
	stack_need(STACK);
	churn.poller = sched_poller();
	runtime = churn_runtime();
	/* pairs with: start() — runtime and poller */
	store_release(&started, 1);
	/* pairs with: start_workers() — what they need */
	while (!load_acquire(&begin))
		go_sleep(TICK_NS);
	for (unsigned i = 0; i < churn.nworkers; i++)
		go(roomy_main, &churn.workers[i]);
	/* pairs with: stop() */
	while (!load_acquire(&end)) {
		/* pairs with: grace() */
		uint64_t until = load_seq_cst(&asked);
		/* Asked or not: what stops too early shows the sooner. */
		stop_the_world();
		start_the_world();
		/* pairs with: grace() */
		store_release(&stood, until);
		go_sleep(TICK_NS);
	}
}

static void worker_started(unsigned id)
{
	churn.order->sit(id);
}

static void deadlock(struct sched *s)
{
	(void)s;
	churn.order->found(DEADLOCK, "every goroutine waits, and nobody is left to ready one", 1);
	world_leave();
}

static void scheduler_main(void *arg)
{
	static struct poll_backend watched;
	const struct poll_backend *backend = arg;
	watched = *backend;
	watched.poll = poll_watched;
	struct sched_config config = { .procs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
				       .backend = &watched, .worker_started = worker_started,
				       .deadlock = deadlock };
	if (sched_run(&config, sched_main, NULL, NULL) != 0)
		churn.order->give_up("cannot start the scheduler");
}

static int start(const struct poll_backend *backend)
{
	int error = world_thread_start(&scheduler, scheduler_main, (void *)backend);
	/* pairs with: sched_main() */
	while (error == 0 && !load_acquire(&started))
		nap();
	return error;
}

static int start_workers(void)
{
	/* pairs with: sched_main() */
	store_release(&begin, 1);
	return 0;
}

static void stop(bool poller)
{
	if (!poller)
		return; /* the scheduler's would be stopped with it */
	/* pairs with: sched_main() */
	store_release(&end, 1);
	world_thread_join(scheduler);
}

static struct worker *current(void)
{
	return g_self()->arg;
}

static void yield(bool vain)
{
	(void)vain;
	go_yield(); /* many share few processors */
}

static bool free_worker(struct worker *w)
{
	if (!audit_waits(w))
		return false;
	runtime->ready(w->g);
	return true;
}

static void run(const struct storm_order *order)
{
	static const struct churn_ground ground = {
		.runtime = &sched_runtime,
		.self = current,
		.yield = yield,
		.start = start,
		.start_workers = start_workers,
		.grace = grace,
		.in_hand = in_hand,
		.free = free_worker,
		.stop = stop,
	};
	churn_run(order, &ground);
}

#define PURPOSE "the poller's churn on the scheduler, which polls between goroutines"

#define STOPS MUST({ "BUG_STOP_EARLY", FATAL, EVERY_MODEL })

OVER_PORTS(churn, PURPOSE, CHURN, .run = run, STOPS);
STORM(churn, .purpose = PURPOSE, CHURN, .backend = &epoll_backend, .run = run, STOPS,
      MAY({ "BUG_PARK_LATE", FATAL, EVERY_MODEL },
	  ANYTHING("BUG_STEAL_STORE"),
	  { "BUG_STOPWAIT_BARE", DATA_RACE, EVERY_MODEL },
	  { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL }));
