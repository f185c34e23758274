/* links: targets/sched targets/base/?*.c stress/world.c */
/* also: tsan */
/* The collector: goroutines keep what they have handles for, on stacks that
 * move, while one collects. */
#include "sched/canary.h"
#include "sched/gc.h"
#include "tests/unit/sched_run.h"

enum { GOROUTINES = 20, TURNS = 60, DEPTH = STACK_MARGIN / 64, LENGTH = 30 };

struct node {
	struct node *next;
	uint64_t serial;
};

static word32 users;
static struct watch watches[GOROUTINES * TURNS];
static struct gc_counts counts;

static uint64_t serial_of(const void *p, uint64_t turn)
{
	return ((uintptr_t)p ^ turn) * UINT64_C(0x9e3779b97f4a7c15);
}

static void make_list(void **head, uint64_t turn)
{
	void **temporary = gc_handle();
	*head = NULL;
	for (int i = 0; i < LENGTH; i++) {
		struct node *n = gc_alloc(temporary, sizeof *n + i % 7 * 40, true);
		n->next = *head;
		n->serial = serial_of(n, turn);
		*head = n;
	}
	gc_release(temporary);
}

static void check_list(const struct node *n, uint64_t turn)
{
	int length = 0;
	for (; n; n = n->next) {
		CHECK_EQ(n->serial, serial_of(n, turn));
		length++;
	}
	CHECK_EQ(length, LENGTH);
}

__attribute__((noinline)) static bool recurse(uint64_t turn, unsigned depth)
{
	struct canary c;
	stack_need(4 * sizeof c);
	canary_set(&c, turn + depth);
	bool right = true;
	if (depth == 0)
		go_yield();
	else
		right = recurse(turn, depth - 1);
	return right & canary_holds(&c, turn + depth);
}

static void use(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	void **list = gc_handle();
	for (unsigned turn = 0; turn < TURNS; turn++) {
		make_list(list, turn);
		gc_watch(*list, &watches[me * TURNS + turn]);
		CHECK(recurse(turn, DEPTH));
		check_list(*list, turn);
		if (turn % 8 == 0)
			go_sleep(100000);
		check_list(*list, turn);
		CHECK_EQ(load_relaxed(&watches[me * TURNS + turn].freed), 0);
	}
	gc_release(list);
	/* pairs with: collect() */
	fetch_add_acq_rel(&users, (uint32_t)-1);
}

static void collect(void *arg)
{
	gc_begin(&(struct gc_config){ .heap_bytes = 64 << 20, .poison = true });
	word_init(&users, GOROUTINES);
	for (uintptr_t i = 0; i < GOROUTINES; i++)
		go(use, (void *)i);
	/* pairs with: use() */
	while (load_acquire(&users) > 0) {
		gc_collect();
		go_yield();
	}
	gc_collect();
	gc_end(&counts);
	(void)arg;
}

static void check_counts(void)
{
	CHECK_EQ(counts.dangling, 0);
	CHECK_EQ(counts.written, 0);
	CHECK_EQ(counts.handles, 0);
	CHECK_EQ(counts.audit.live, 0);
	CHECK_EQ(counts.allocated, counts.freed);
	CHECK_EQ(counts.audit.spans, counts.audit.in_sets + counts.audit.cached);
	CHECK_EQ(counts.audit.lost + counts.audit.twice + counts.audit.misplaced, 0);
	CHECK_EQ(counts.audit.bad_free, 0);
}

TEST(collects_beside_goroutines)
{
	for (unsigned procs = 1; procs <= 4; procs *= 2) {
		memset(watches, 0, sizeof watches);
		run(procs, collect, NULL);
		check_counts();
		CHECK_EQ(counts.allocated, GOROUTINES * TURNS * LENGTH);
		for (unsigned i = 0; i < GOROUTINES * TURNS; i++)
			CHECK_EQ(load_relaxed(&watches[i].freed), 1);
		CHECK(counts.cycles > 0);
		CHECK(counts.moves > GOROUTINES);
	}
}

static void one_handle(void *arg)
{
	gc_begin(&(struct gc_config){ .heap_bytes = 1 << 20, .poison = true });
	void **handle = gc_handle();
	uint64_t *object = gc_alloc(handle, 100, false);
	object[0] = 7;
	if (arg)
		*handle = NULL; /* dropped: it is not kept */
	gc_collect();
	gc_collect();
	if (arg)
		*handle = object;
	CHECK_EQ(object[0] == 7, !arg);
	gc_collect();
	gc_end(&counts);
}

TEST(a_handle_keeps_and_a_stale_one_is_told)
{
	run(1, one_handle, NULL);
	CHECK_EQ(counts.dangling, 0);
	CHECK_EQ(counts.handles, 1);
	CHECK_EQ(counts.audit.live, 1);
	run(1, one_handle, (void *)1);
	CHECK_EQ(counts.dangling, 1);
	CHECK_EQ(counts.audit.live, 0);
}
