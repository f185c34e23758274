/* What a push and a pop cost: the fixed span set beside its peers and a plain
 * sketch, which is the same two-counter word over one long array, without
 * blocks, spine and pool. One JSON object; pairs of a push and a pop per
 * second, in millions, the best of a few tries.
 *
 *   {"line_transfer_ns":70.3,"load":0.4,
 *    "both_2":{"plain":18.0,"spanset":16.1,...},"one_each":{...}}
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/emit.h"
#include "spanset/spanset.h"
#include "stress/bench/spanset_peers.h"

enum { TRIES = 7, PAIRS = 100000, LENGTH = 1 << 16, MOST_THREADS = 4, PAUSES = 8, PATIENT = 32 };

/* No subject gets more than this, however loaded the machine. */
#define ENOUGH_NS INT64_C(400000000)

static struct bench_node node[MOST_THREADS][PAIRS];

/* --- the sketch --- */

static struct {
	_Alignas(128) word64 index;
	_Alignas(128) wordptr entry[LENGTH];
} plain;

static void plain_begin(void)
{
	word_init(&plain.index, 0);
}

static void plain_put(void *item)
{
	/* relaxed: a ticket */
	uint32_t at = (uint32_t)fetch_add_relaxed(&plain.index, 1) % LENGTH;
	/* relaxed: only whether the slot is free */
	while (load_relaxed(&plain.entry[at]))
		world_relax();
	/* pairs with: plain_take() — the item */
	store_release(&plain.entry[at], (uintptr_t)item);
}

static void *plain_take(void)
{
	/* relaxed: the swap compares it */
	uint64_t seen = load_relaxed(&plain.index);
	do {
		if ((uint32_t)(seen >> 32) >= (uint32_t)seen)
			return NULL;
		/* relaxed: a ticket */
	} while (!cas_relaxed(&plain.index, &seen, seen + (UINT64_C(1) << 32)));
	wordptr *entry = &plain.entry[(seen >> 32) % LENGTH];
	uintptr_t item;
	/* pairs with: plain_put() */
	for (uint32_t turns = 1; !(item = load_acquire(entry)); turns++)
		turns % PATIENT ? world_relax() : world_yield();
	/* pairs with: plain_put() */
	store_release(entry, 0);
	return (void *)item;
}

/* --- the span set, as it is and with the audits' poison --- */

static struct span_memory memory;
static struct span_pool pool;
static struct span_set set;

static void begin_set(bool poison)
{
	span_memory_end(&memory);
	span_memory_init(&memory, NULL, 0);
	span_pool_init(&pool, &memory, SPAN_ENTRIES, poison);
	span_set_init(&set, &pool, SPAN_SPINE);
}

static void spanset_begin(void)
{
	begin_set(false);
}

static void poisoned_begin(void)
{
	begin_set(true);
}

static void spanset_put(void *item)
{
	span_push(&set, item);
}

static void *spanset_take(void)
{
	return span_pop(&set);
}

static const struct peer peers[] = {
	{ "plain", plain_begin, plain_put, plain_take, plain_take, false },
	{ "spanset", spanset_begin, spanset_put, spanset_take, spanset_take, false },
	{ "spanset_poisoned", poisoned_begin, spanset_put, spanset_take, spanset_take, false },
	URCU_PEERS CK_PEERS
	{ NULL, NULL, NULL, NULL, NULL, false },
};

/* --- threads --- */

enum role { BOTH, PRODUCER, CONSUMER, CONSUMER_ALONE };

static struct run {
	const struct peer *peer;
	word32 seated, go;
	enum role role[MOST_THREADS];
	unsigned threads;
} run;
static word64 counter;

static void sit(unsigned thread)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(thread % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one);
	/* pairs with: time_threads() */
	fetch_add_acq_rel(&run.seated, 1);
	/* pairs with: time_threads() */
	while (load_acquire(&run.go) == 0)
		world_yield();
}

static void *take_some(void *(*take)(void))
{
	for (uint32_t turns = 1;; turns++) {
		void *item = take();
		if (item)
			return item;
		if (turns % PATIENT == 0)
			world_yield();
		for (int i = 0; i < PAUSES; i++)
			world_relax();
	}
}

static void *work(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	const struct peer *p = run.peer;
	sit(id);
	if (run.role[id] == BOTH) {
		void *mine = &node[id][0];
		for (int i = 0; i < PAIRS; i++) {
			p->put(mine);
			mine = take_some(p->take);
		}
	} else if (run.role[id] == PRODUCER) {
		for (int i = 0; i < PAIRS; i++)
			p->put(&node[id][i]);
	} else {
		bool alone = run.role[id] == CONSUMER_ALONE;
		for (int i = 0; i < PAIRS; i++)
			take_some(alone ? p->take_alone : p->take);
	}
	return NULL;
}

static void *count(void *arg)
{
	sit((unsigned)(uintptr_t)arg);
	for (int i = 0; i < PAIRS; i++)
		/* relaxed: only its cost is wanted */
		fetch_add_relaxed(&counter, 1);
	return NULL;
}

/* Nanoseconds from the start of all to the end of all. */
static int64_t time_threads(void *(*fn)(void *), unsigned threads)
{
	pthread_t thread[MOST_THREADS];
	word_init(&run.seated, 0);
	word_init(&run.go, 0);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, fn, (void *)(uintptr_t)i) != 0)
			world_fatal("cannot start a thread");
	/* pairs with: sit() */
	while (load_acquire(&run.seated) < threads)
		world_yield();
	int64_t start = world_now();
	/* pairs with: sit() */
	store_release(&run.go, 1);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return world_now() - start;
}

/* Millions of pairs a second. pairs: in all. */
static double rate(const struct peer *p, unsigned threads, double pairs)
{
	int64_t least = INT64_MAX, end = world_now() + ENOUGH_NS;
	run.peer = p;
	for (int i = 0; i == 0 || (i < TRIES && world_now() < end); i++) {
		p->begin();
		int64_t ns = time_threads(work, threads);
		least = ns < least ? ns : least;
	}
	return pairs / (double)least * 1e3;
}

static void measure(const char *name, const enum role *roles, unsigned threads, unsigned pushers)
{
	for (unsigned i = 0; i < threads; i++)
		run.role[i] = roles[i];
	json_object(stdout, name);
	for (const struct peer *p = peers; p->begin; p++) {
		if (p->spins && threads > (unsigned)sysconf(_SC_NPROCESSORS_ONLN))
			continue;
		json_real(stdout, p->name, rate(p, threads, (double)pushers * PAIRS));
		fflush(stdout);
	}
	json_end(stdout);
}

int main(void)
{
	static const enum role both[] = { BOTH, BOTH, BOTH, BOTH };
	static const enum role each[] = { PRODUCER, CONSUMER_ALONE };
	static const enum role two_each[] = { PRODUCER, PRODUCER, CONSUMER, CONSUMER };
	double load = 0;
	if (getloadavg(&load, 1) != 1)
		load = -1;
	int64_t least = INT64_MAX;
	for (int i = 0; i < TRIES; i++) {
		int64_t ns = time_threads(count, 2);
		least = ns < least ? ns : least;
	}
	json_object(stdout, NULL);
	json_real(stdout, "load", load);
	json_real(stdout, "contended_add_ns", (double)least / (2.0 * PAIRS));
	measure("both_1", both, 1, 1);
	measure("both_2", both, 2, 2);
	measure("one_each", each, 2, 1);
	measure("both_4", both, 4, 4);
	measure("two_each", two_each, 4, 2);
	json_end(stdout);
	return 0;
}
