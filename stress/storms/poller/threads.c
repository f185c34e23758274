/* The ground of one thread per goroutine: timers have a thread of their own,
 * and so has the poller. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "poller/loop.h"
#include "storms/poller/churn.h"
#include "stress/world.h"

enum { STACK_BYTES = 1024 * 1024, EVENTS_PER_CALL = 128, NAP_NS = 100000 };

static struct poller the_poller;
static world_thread polling;
static word32 stop_polling;
/* Polls that emptied the ready list, counted as they end: two more, and one has
 * begun since. */
static word64 drains;

static struct worker *current(void)
{
	return (struct worker *)threads_runtime.current();
}

static void yield(bool vain)
{
	if (vain)
		world_yield();
}

/* --- the poller's thread --- */

static void polling_main(void *arg)
{
	(void)arg;
	churn.order->sit(churn.nworkers);
	/* pairs with: stop() store */
	while (load_acquire(&stop_polling) == 0) {
		/* relaxed: this thread's own calls */
		uint64_t events = load_relaxed(&world_events);
		poller_once(&the_poller, -1);
		/* relaxed: likewise. pairs with: drain() — all that were found
		 * have been readied */
		if (load_relaxed(&world_events) - events < EVENTS_PER_CALL)
			fetch_add_acq_rel(&drains, 1);
	}
}

static int start(const struct poll_backend *backend)
{
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	pthread_setattr_default_np(&small);
	memset(&the_poller, 0, sizeof the_poller);
	word_init(&stop_polling, 0);
	runtime = churn_runtime();
	churn.poller = &the_poller;
	int error = threads_start();
	return error != 0 ? error : poller_start(&the_poller, backend);
}

static void seated_main(void *arg)
{
	struct worker *me = arg;
	churn.order->sit(me->id);
	worker_main(me);
}

static int start_workers(void)
{
	int error = world_thread_start(&polling, polling_main, NULL);
	for (unsigned i = 0; error == 0 && i < churn.nworkers; i++)
		error = thread_goroutine_start(&churn.workers[i].t, seated_main,
					       &churn.workers[i]);
	return error;
}

static void stop(bool poller)
{
	for (unsigned i = 0; i < churn.nworkers; i++)
		thread_goroutine_join(&churn.workers[i].t);
	/* pairs with: polling_main() */
	store_release(&stop_polling, 1);
	the_poller.backend->wake(&the_poller);
	world_thread_join(polling);
	threads_stop();
	if (poller)
		poller_stop(&the_poller);
}

/* --- grace --- */

static word64 timers_passed;

static void timer_passed(void *arg, uintptr_t seq)
{
	(void)arg;
	(void)seq;
	/* pairs with: grace() load — earlier firings are over */
	fetch_add_acq_rel(&timers_passed, 1);
}

static void nap(void)
{
	static word32 never;
	world_futex_wait(&never, 0, NAP_NS);
}

static bool has_passed(struct worker *w, uint64_t turn)
{
	/* pairs with: worker_main(), park() — what came before. A goroutine
	 * that parks holds nobody whom it has yet to ready. */
	return load_acquire(&w->done) || load_acquire(&w->turn) != turn ||
	       load_acquire(&w->t.g.status) == G_WAITING;
}

/* Two more polls that emptied the list: the second has begun since. */
static void drain(void)
{
	/* pairs with: the polling thread's addition — all has been readied */
	uint64_t until = load_acquire(&drains) + 2;
	/* pairs with: as above */
	while (load_acquire(&drains) < until) {
		the_poller.backend->wake(&the_poller);
		nap();
	}
}

static void grace(void)
{
	static struct timer sentinel;
	static uint64_t turn[MOST_WORKERS];
	/* pairs with: timer_passed() */
	uint64_t fired = load_acquire(&timers_passed);
	for (unsigned i = 0; i < churn.nworkers; i++)
		/* pairs with: bump() */
		turn[i] = load_acquire(&churn.workers[i].turn);
	runtime->timer_start(&sentinel, world_now(), timer_passed, NULL, 0);
	/* Packets and their callbacks under way; where the kernel lacks this,
	 * the looks and drains that follow still come later. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (unsigned i = 0; i < churn.nworkers; i++)
		while (!has_passed(&churn.workers[i], turn[i]))
			nap();
	/* pairs with: timer_passed() */
	while (load_acquire(&timers_passed) == fired)
		nap();
	drain();
}

static bool free_worker(struct worker *w)
{
	uint32_t waiting = G_WAITING;
	/* pairs with: park() load */
	if (!cas_acq_rel(&w->t.g.status, &waiting, G_RUNNABLE))
		return false;
	world_futex_wake(&w->t.g.status, 1);
	return true;
}

const struct churn_ground churn_threads = {
	.runtime = &threads_runtime,
	.self = current,
	.yield = yield,
	.start = start,
	.start_workers = start_workers,
	.grace = grace,
	.free = free_worker,
	.stop = stop,
};
