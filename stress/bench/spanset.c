/* What a push and a pop cost: the fixed span set beside its peers and a plain
 * sketch, which is the same two-counter word, and the same backing off, over
 * one long array, without blocks, spine and pool. One JSON object; pairs of a
 * push and a pop per second, in millions, while all threads run
 * (bench/together.h).
 *
 * What blocks, spine and pool cost is the difference to the sketch: spine_ns
 * per pair, and spine_adds, the same in contended additions of this run. Of
 * these a pair makes two anyway, on the index; blocks add one, on the count of
 * pops.
 *
 *   {"load":0.4,"contended_add_ns":30.1,
 *    "both_2":{"plain":6.3,"spanset":6.0,...,"spine_ns":8,"spine_adds":0.3},...}
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hint.h"
#include "engine/emit.h"
#include "spanset/spanset.h"
#include "stress/bench/spanset_peers.h"
#include "stress/bench/together.h"

enum { TRIES = 31, PAIRS = LAP * LAPS, MOST_THREADS = 4, PAUSES = 8, PATIENT = 32 };

/* No subject gets more time than this, however loaded the machine; a little
 * more for the first figure. */
#define ENOUGH_NS INT64_C(300000000)
#define PATIENCE_NS INT64_C(1000000000)
#define CALIBRATION_NS INT64_C(2000000)

static struct bench_node node[MOST_THREADS][PAIRS];

/* --- the sketch --- */

static struct {
	_Alignas(128) word64 index;
	/* all NIL between tries */
	_Alignas(128) wordptr entry[MOST_THREADS * PAIRS];
} plain;

static void plain_begin(void)
{
	word_init(&plain.index, 0);
}

static void plain_put(void *item)
{
	/* relaxed: a ticket */
	uint32_t at = (uint32_t)fetch_add_relaxed(&plain.index, 1);
	/* pairs with: plain_take() — the item */
	store_release(&plain.entry[at], (uintptr_t)item);
}

static void *plain_take(void)
{
	uint64_t seen;
	for (;; hint_back_off()) {
		/* relaxed: the swap compares it */
		seen = load_relaxed(&plain.index);
		if ((uint32_t)(seen >> 32) >= (uint32_t)seen)
			return NULL;
		/* relaxed: a ticket */
		if (cas_relaxed(&plain.index, &seen, seen + (UINT64_C(1) << 32)))
			break;
	}
	wordptr *entry = &plain.entry[seen >> 32];
	uintptr_t item;
	/* pairs with: plain_put() */
	for (uint32_t turns = 1; !(item = load_acquire(entry)); turns++)
		turns % PATIENT ? world_relax() : world_yield();
	/* relaxed: for the next try */
	store_relaxed(entry, 0);
	return (void *)item;
}

/* --- the span set, as it is and with the audits' poison --- */

static struct span_memory memory;
static struct span_pool pool;
static struct span_set set;

/* Tries go on with the blocks of those before, as a sweeper does. */
static void begin_set(bool poison)
{
	if (memory.blocks > 0 && pool.poison == poison) {
		span_reset(&set);
		return;
	}
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

enum { PLAIN, SPANSET };
static const struct peer peers[] = {
	[PLAIN] = { "plain", plain_begin, plain_put, plain_take, plain_take, false },
	[SPANSET] = { "spanset", spanset_begin, spanset_put, spanset_take, spanset_take, false },
	{ "spanset_poisoned", poisoned_begin, spanset_put, spanset_take, spanset_take, false },
	URCU_PEERS CK_PEERS
	{ NULL, NULL, NULL, NULL, NULL, false },
};

/* --- threads --- */

enum role { BOTH, PRODUCER, CONSUMER, CONSUMER_ALONE, COUNTER };

static struct run {
	const struct peer *peer;
	unsigned threads;
	word32 seated;
	enum role role[MOST_THREADS];
	struct laps laps[MOST_THREADS];
} run;
static word64 counter;

static unsigned processors(void)
{
	return (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

/* On the thread's processor, with all others there. */
static void sit(unsigned thread)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(thread % processors(), &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one);
	/* pairs with: below */
	fetch_add_acq_rel(&run.seated, 1);
	/* pairs with: above */
	while (load_acquire(&run.seated) < run.threads)
		if (run.threads > processors())
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

static void do_role(unsigned id)
{
	const struct peer *p = run.peer;
	void *mine = &node[id][0];
	run.laps[id].n = 0;
	for (int i = 0; i < PAIRS; i++) {
		switch (run.role[id]) {
		case BOTH:
			p->put(mine);
			mine = take_some(p->take);
			break;
		case PRODUCER:
			p->put(&node[id][i]);
			break;
		case CONSUMER:
			take_some(p->take);
			break;
		case CONSUMER_ALONE:
			take_some(p->take_alone);
			break;
		case COUNTER:
			/* relaxed: only its cost is wanted */
			fetch_add_relaxed(&counter, 1);
			break;
		}
		if (i % LAP == LAP - 1)
			lap(&run.laps[id]);
	}
}

static void *work(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	sit(id);
	do_role(id);
	return NULL;
}

static void try(void)
{
	pthread_t thread[MOST_THREADS];
	word_init(&run.seated, 0);
	for (unsigned i = 0; i < run.threads; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i) != 0)
			world_fatal("cannot start a thread");
	for (unsigned i = 0; i < run.threads; i++)
		pthread_join(thread[i], NULL);
}

static double ticks_per_ns, contended_add_ns;

static void calibrate(void)
{
	int64_t start = world_now(), now;
	uint64_t ticks = clock_ticks();
	while ((now = world_now()) < start + CALIBRATION_NS)
		;
	ticks_per_ns = (double)(clock_ticks() - ticks) / (double)(now - start);
}

/* Operations in a nanosecond of the first `counted` threads: while all run, or
 * over all the time where they share processors. NAN: they never all ran. */
static double rate(void (*begin)(void), unsigned counted)
{
	struct together t = { 0 };
	bool share = run.threads > processors();
	int64_t start = world_now(), spent = 0;
	for (int i = 0; i < TRIES && spent < (t.laps > 0 ? ENOUGH_NS : PATIENCE_NS); i++) {
		begin();
		try();
		if (share)
			together_add_all(&t, run.laps, run.threads, counted);
		else
			together_add(&t, run.laps, run.threads, counted, ticks_per_ns);
		spent = world_now() - start;
	}
	return t.laps * LAP / t.ticks * ticks_per_ns;
}

static void cast(const enum role *roles, unsigned threads)
{
	memcpy(run.role, roles, threads * sizeof *roles);
	run.threads = threads;
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* Pairs of each peer in millions a second. */
static void measure(const char *name, const enum role *roles, unsigned threads, unsigned pushers,
		    char **names)
{
	double sketch = NAN, ours = NAN;
	cast(roles, threads);
	json_object(stdout, name);
	for (const struct peer *p = peers; p->begin; p++) {
		if ((p->spins && threads > processors()) || !wanted(p->name, names))
			continue;
		run.peer = p;
		double each = rate(p->begin, pushers);
		sketch = p == &peers[PLAIN] ? each : sketch;
		ours = p == &peers[SPANSET] ? each : ours;
		json_real(stdout, p->name, each * 1e3);
		fflush(stdout);
	}
	json_real(stdout, "spine_ns", 1 / ours - 1 / sketch);
	json_real(stdout, "spine_adds", (1 / ours - 1 / sketch) / contended_add_ns);
	json_end(stdout);
}

static void nothing(void)
{
}

int main(int argc, char **argv)
{
	static const enum role both[] = { BOTH, BOTH, BOTH, BOTH };
	static const enum role each[] = { PRODUCER, CONSUMER_ALONE };
	static const enum role two_each[] = { PRODUCER, PRODUCER, CONSUMER, CONSUMER };
	static const enum role count[] = { COUNTER, COUNTER };
	double load = 0;
	char **names = argv + (argc > 0);
	if (getloadavg(&load, 1) != 1)
		load = -1;
	json_object(stdout, NULL);
	json_real(stdout, "load", load);
	calibrate();
	cast(count, 2);
	contended_add_ns = 1 / rate(nothing, 2);
	json_real(stdout, "contended_add_ns", contended_add_ns);
	measure("both_1", both, 1, 1, names);
	measure("both_2", both, 2, 2, names);
	measure("one_each", each, 2, 1, names);
	measure("both_4", both, 4, 4, names);
	measure("two_each", two_each, 4, 2, names);
	json_end(stdout);
	return 0;
}
