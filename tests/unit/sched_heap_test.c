/* links: targets/sched/heap.c targets/sched/sweep.c targets/sched/mark.c */
/* links: targets/sched/pages.c targets/sched/heap_audit.c */
/* links: targets/spanset targets/base/lock.c stress/world.c */
/* also: tsan */
/* The heap: against a plain model of what is reachable; sweepers beside each
 * other and beside allocation. */
#include "base/world.h"
#include "sched/heap.h"
#include "tests/unit/check.h"

enum { OBJECTS = 4000, ROOTS = 40, LINKS = 3, STEPS = 20000, CYCLES = 12 };

static struct heap heap;
static struct marking marking;

static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

/* --- the model --- */

/* What an object is; its memory holds the links first, then its serial. */
static struct known {
	uint64_t *memory; /* NULL: not there */
	uint32_t words;
	bool pointers, reachable;
	int link[LINKS]; /* -1: none */
	uint64_t serial;
	struct watch watch;
} known[OBJECTS];
static int root[ROOTS];
static uint64_t serials, born, died;

static void make(struct heap_cache *c, int id)
{
	struct known *k = &known[id];
	bool large = below(200) == 0;
	k->words = LINKS + 1 + below(large ? 4000 : below(10) ? 20 : 250);
	k->pointers = below(2);
	k->memory = heap_alloc(&heap, c, k->words * 8, k->pointers);
	CHECK(k->memory != NULL);
	for (uint32_t i = 0; i < k->words; i++)
		CHECK_EQ(k->memory[i], 0);
	k->serial = ++serials | UINT64_C(0xabcd) << 48; /* points nowhere */
	for (uint32_t i = LINKS; i < k->words; i++)
		k->memory[i] = k->serial;
	for (int i = 0; i < LINKS; i++)
		k->link[i] = -1;
	heap_watch(&heap, k->memory, &k->watch);
	born++;
}

static void look_at(struct known *k)
{
	for (uint32_t i = LINKS; i < k->words; i++)
		CHECK_EQ(k->memory[i], k->serial);
	for (int i = 0; i < LINKS; i++)
		CHECK_EQ(k->memory[i], k->link[i] < 0 ? 0 : (uintptr_t)known[k->link[i]].memory);
	CHECK_EQ(load_relaxed(&k->watch.freed), 0);
}

/* Also to the middle of it. */
static void step(struct heap_cache *c)
{
	int from = root[below(ROOTS)], id = (int)below(OBJECTS);
	if (!known[id].memory)
		make(c, id);
	else
		look_at(&known[id]);
	if (from < 0 || !known[from].pointers || below(8) == 0) {
		root[below(ROOTS)] = id;
		return;
	}
	int at = (int)below(LINKS);
	known[from].link[at] = id;
	known[from].memory[at] = (uintptr_t)known[id].memory;
}

static void reach(int id)
{
	static int todo[OBJECTS];
	int n = 0;
	if (id < 0 || known[id].reachable)
		return;
	known[id].reachable = true;
	todo[n++] = id;
	while (n) {
		struct known *k = &known[todo[--n]];
		for (int i = 0; i < LINKS; i++) {
			if (k->link[i] < 0 || known[k->link[i]].reachable)
				continue;
			known[k->link[i]].reachable = true;
			todo[n++] = k->link[i];
		}
	}
}

/* Drops from the model what the heap must free. What the model had made and
 * nobody refers to is no longer looked at. */
static void forget(struct watch *dead[OBJECTS], int *n)
{
	*n = 0;
	for (int i = 0; i < OBJECTS; i++)
		known[i].reachable = false;
	for (int i = 0; i < ROOTS; i++)
		reach(root[i]);
	for (int i = 0; i < OBJECTS; i++)
		if (known[i].memory && !known[i].reachable) {
			known[i].memory = NULL;
			dead[(*n)++] = &known[i].watch;
		}
}

/* --- collections --- */

static void begin(size_t bytes)
{
	CHECK_EQ(heap_init(&heap, bytes, HEAP_SMALL, 4, true), 0);
	marking_init(&marking);
}

static void end(void)
{
	marking_end(&marking);
	heap_end(&heap);
}

static void check_audit(struct heap_cache *c, uint64_t live)
{
	struct heap_audit a = heap_audit(&heap, &c, 1);
	CHECK_EQ(a.lost, 0);
	CHECK_EQ(a.twice, 0);
	CHECK_EQ(a.misplaced, 0);
	CHECK_EQ(a.bad_free, 0);
	CHECK_EQ(a.spans, a.in_sets + a.cached);
	CHECK_EQ(a.pages, heap.in_use);
	CHECK_EQ(a.live, live);
	CHECK_EQ(load_relaxed(&heap.spans) - load_relaxed(&heap.spans_freed), a.spans);
	CHECK_EQ(load_relaxed(&heap.written), 0);
}

static void mark_roots(struct heap_cache *c)
{
	struct marker m;
	heap_flush(&heap, c);
	mark_begin(&m, &marking, &heap);
	for (int i = 0; i < ROOTS; i++)
		if (root[i] >= 0)
			CHECK(mark_object(&m, known[root[i]].memory + 1));
	mark_end(&m);
	mark_done(&heap);
}

TEST(frees_what_a_plain_model_says)
{
	static struct watch *dead[OBJECTS];
	struct heap_cache cache = { .allocated = 0 };
	int n;
	begin(256 << 20);
	for (int i = 0; i < ROOTS; i++)
		root[i] = -1;
	for (int cycle = 0; cycle < CYCLES; cycle++) {
		for (int i = 0; i < STEPS / CYCLES; i++)
			step(&cache);
		check_audit(&cache, born - died);
		forget(dead, &n);
		mark_roots(&cache);
		/* Sweeping and using it go on in turns; ids are not made anew
		 * while their watches are out. */
		for (bool more = true; more; more = sweep_one(&heap))
			for (int i = 0; i < OBJECTS; i++)
				if (known[i].memory && below(40) == 0)
					look_at(&known[i]);
		for (int i = 0; i < n; i++)
			CHECK_EQ(load_relaxed(&dead[i]->freed), 1);
		died += (uint64_t)n;
		CHECK_EQ(load_relaxed(&heap.freed), died);
		CHECK_EQ(cache.allocated, born);
		check_audit(&cache, born - died);
	}
	CHECK(died > 1000);
	end();
}

TEST(a_heap_is_full_and_empty_again)
{
	struct heap_cache cache = { .allocated = 0 };
	uint64_t n = 0;
	begin(1 << 20);
	for (int cycle = 0; cycle < 3; cycle++) {
		while (heap_alloc(&heap, &cache, 1000, false))
			n++;
		CHECK(heap_alloc(&heap, &cache, 20000, false) == NULL);
		CHECK_EQ(heap.in_use, (1 << 20) / HEAP_PAGE);
		heap_flush(&heap, &cache);
		mark_done(&heap);
		CHECK(heap_alloc(&heap, &cache, 1000, false) != NULL); /* sweeps */
		n++;
		while (sweep_one(&heap))
			;
		CHECK_EQ(heap.in_use, 1);
		uint32_t returned = pages_return(&heap);
		CHECK(returned >= (1 << 20) / HEAP_PAGE - 16 / sizeof(long));
		CHECK_EQ(pages_return(&heap), 0);
		CHECK(heap_alloc(&heap, &cache, 20000, false) != NULL);
		n++;
	}
	CHECK_EQ(cache.allocated, n);
	end();
}

/* The oracle's broken subject: a write to an object that is free. */
TEST(a_write_to_a_free_object_is_seen)
{
	struct heap_cache cache = { .allocated = 0 };
	begin(1 << 20);
	uint64_t *object = heap_alloc(&heap, &cache, 64, false);
	heap_alloc(&heap, &cache, 64, false);
	heap_flush(&heap, &cache);
	mark_done(&heap);
	while (sweep_one(&heap))
		;
	object[3] = 1;
	struct heap_audit a = heap_audit(&heap, NULL, 0);
	CHECK_EQ(a.bad_free, 0); /* its page is free, too */
	object = heap_alloc(&heap, &cache, 64, false);
	uint64_t *other = heap_alloc(&heap, &cache, 64, false);
	struct marker m;
	heap_flush(&heap, &cache);
	mark_begin(&m, &marking, &heap);
	CHECK(mark_object(&m, object));
	mark_end(&m);
	mark_done(&heap);
	while (sweep_one(&heap))
		;
	CHECK_EQ(*other, HEAP_POISON);
	other[3] = 1;
	CHECK_EQ(heap_audit(&heap, NULL, 0).bad_free, 1);
	CHECK(heap_alloc(&heap, &cache, 64, false) == other);
	CHECK_EQ(load_relaxed(&heap.written), 1);
	end();
}

/* --- threads --- */

enum { THREADS = 3, EACH = 3000, ROUNDS = 30 };

static struct worker {
	struct heap_cache cache;
	uint64_t *mine[EACH]; /* NULL: none */
	struct watch watch[EACH];
	bool watched[EACH];
	uint64_t allocated;
	bool marks;
} worker[THREADS];

static void fill(struct worker *w, int i)
{
	uint32_t words = 2 + i % 30;
	uint64_t *object = heap_alloc(&heap, &w->cache, words * 8, i % 3 == 0);
	CHECK(object != NULL);
	w->mine[i] = object;
	object[words - 1] = (uintptr_t)&w->mine[i];
	w->allocated++;
	/* pairs with: the sweeper's count — the list is done with it */
	if (i % 16 == 0 && (!w->watched[i] || load_acquire(&w->watch[i].freed) == 1)) {
		heap_watch(&heap, object, &w->watch[i]);
		w->watched[i] = true;
	}
}

/* Marks as one of many, or sweeps and allocates. */
static void run_worker(void *arg)
{
	struct worker *w = arg;
	if (w->marks) {
		struct marker m;
		mark_begin(&m, &marking, &heap);
		for (int i = 0; i < EACH; i++)
			if (w->mine[i])
				CHECK(mark_object(&m, w->mine[i]));
		mark_end(&m);
		return;
	}
	for (int i = 0; i < EACH; i++) {
		if (!w->mine[i])
			fill(w, i);
		else
			CHECK_EQ(w->mine[i][1 + i % 30], (uintptr_t)&w->mine[i]);
		if (i % 4 == 0)
			sweep_one(&heap);
		if (i % 16 == 1)
			sweep_ensure(&heap, heap_span_of(&heap, w->mine[i]));
	}
}

static void run_all(bool marks)
{
	world_thread thread[THREADS];
	for (int i = 0; i < THREADS; i++) {
		worker[i].marks = marks;
		CHECK_EQ(world_thread_start(&thread[i], run_worker, &worker[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		world_thread_join(thread[i]);
}

TEST(sweepers_beside_each_other_and_beside_allocation)
{
	struct heap_cache *caches[THREADS];
	uint64_t live = 0;
	begin(256 << 20);
	for (int round = 0; round < ROUNDS; round++) {
		run_all(false);
		uint64_t allocated = 0;
		while (sweep_one(&heap))
			;
		for (int i = 0; i < THREADS; i++) {
			caches[i] = &worker[i].cache;
			allocated += worker[i].allocated;
		}
		live = allocated - load_relaxed(&heap.freed);
		CHECK_EQ(live, THREADS * EACH);
		struct heap_audit a = heap_audit(&heap, caches, THREADS);
		CHECK_EQ(a.live, live);
		CHECK_EQ(a.lost + a.twice + a.misplaced + a.bad_free, 0);
		CHECK_EQ(load_relaxed(&heap.written), 0);
		for (int i = 0; i < THREADS; i++) {
			heap_flush(&heap, caches[i]);
			for (int k = 0; k < EACH; k++)
				if (below(3) == 0)
					worker[i].mine[k] = NULL;
		}
		run_all(true);
		mark_done(&heap);
	}
	end();
}
