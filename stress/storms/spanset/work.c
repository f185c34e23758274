#include "storms/spanset/work.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/watch.h"
#include "stress/world.h"

enum { SPINE_AT_FIRST = 2, WATCH_NS = 300000, LOOKS = 3, STAMP_BITS = 32 };

static _Thread_local struct worker *self;

/* --- leaving an operation that cannot go on --- */

static void hook_wait(int64_t timeout_ns)
{
	(void)timeout_ns;
	struct worker *me = self;
	/* relaxed: only watched for change */
	store_relaxed(&me->waits, load_relaxed(&me->waits) + 1);
	/* pairs with: hook_fatal(), watch_over() */
	if (load_acquire(&me->work->broken)) {
		me->stuck = true;
		_longjmp(me->escape, 1);
	}
	sched_yield();
}

static void hook_fatal(const char *message)
{
	struct worker *me = self;
	me->threw = message;
	/* pairs with: hook_wait() — all others leave too */
	store_release(&me->work->broken, 1);
	_longjmp(me->escape, 1);
}

static const struct world_hooks hooks = { .wait = hook_wait, .fatal = hook_fatal };

/* --- what workers do --- */

static void push_to(struct worker *me, struct span_set *s, uintptr_t item)
{
	span_push(s, (void *)item);
	/* relaxed: only watched for change */
	store_relaxed(&me->moved, load_relaxed(&me->moved) + 1);
}

static uintptr_t pop_from(struct worker *me, struct span_set *s)
{
	uintptr_t item = (uintptr_t)span_pop(s);
	if (!item)
		return 0;
	if (me->role != MOVE && me->logged < LONGEST_LOG)
		me->log[me->logged++] = item;
	/* relaxed: only watched for change */
	store_relaxed(&me->moved, load_relaxed(&me->moved) + 1);
	return item;
}

/* The item with the worker's next stamp. */
static uintptr_t stamp(struct worker *me)
{
	return (uintptr_t)(me->id + 1) << STAMP_BITS | ++me->pushed;
}

static bool full(struct span_set *s)
{
	/* relaxed: a glance */
	uint64_t index = load_relaxed(&s->index);
	return (int32_t)(span_tail(index) - span_head(index)) >= MOST_ITEMS;
}

/* Looked in vain, and lets others go on. */
static void rest(struct worker *me)
{
	/* relaxed: only watched for change */
	store_relaxed(&me->waits, load_relaxed(&me->waits) + 1);
	sched_yield();
}

static bool broken(struct worker *me)
{
	/* pairs with: hook_fatal() */
	return load_acquire(&me->work->broken) != 0;
}

static void consume(struct worker *me, struct span_set *from, struct span_set *to)
{
	for (;;) {
		/* pairs with: work_main() — all that was pushed, before the pop
		 */
		bool last = load_acquire(&me->work->pushing) == 0;
		uintptr_t item = pop_from(me, from);
		if (item && to)
			push_to(me, to, item);
		if (broken(me) || (last && !item))
			return;
		if (!item)
			rest(me);
	}
}

static void do_role(struct worker *me)
{
	struct span_set *from = &me->work->set[0], *to = &me->work->set[1];
	switch (me->role) {
	case PRODUCE:
		for (uint32_t i = 0; i < me->quota && !broken(me); i++) {
			while (full(from) && !broken(me))
				rest(me);
			push_to(me, from, stamp(me));
		}
		break;
	case CONSUME:
		consume(me, from, NULL);
		break;
	case BOTH:
		for (uint32_t i = 0; i < me->quota && !broken(me); i++) {
			push_to(me, from, stamp(me));
			me->missed += pop_from(me, from) == 0;
		}
		break;
	case MOVE:
		consume(me, from, to);
		break;
	}
}

static void work_main(void *arg)
{
	struct worker *me = arg;
	self = me;
	if (me->work->sit)
		me->work->sit(me->id);
	world_hooks = &hooks;
	if (_setjmp(me->escape) == 0)
		do_role(me);
	world_hooks = NULL;
	if (me->role == PRODUCE || me->role == BOTH)
		/* pairs with: consume() — all that was pushed */
		fetch_add_acq_rel(&me->work->pushing, (uint32_t)-1);
	/* pairs with: watch_over() */
	store_release(&me->gone, 1);
}

/* --- the watch --- */

/* Notes where everybody is. Returns whether anybody is still there. */
static bool look(struct work *w, uint64_t moved[WORKERS], uint64_t waits[WORKERS])
{
	bool left = false;
	for (unsigned i = 0; i < w->workers; i++) {
		/* pairs with: work_main() end */
		bool gone = load_acquire(&w->worker[i].gone);
		left |= !gone;
		/* relaxed: compared with what comes later, both */
		moved[i] = load_relaxed(&w->worker[i].moved);
		waits[i] = gone ? UINT64_MAX : load_relaxed(&w->worker[i].waits);
	}
	return left;
}

/* Whether between two looks nobody did anything, and all who are there looked
 * in vain at least twice: then what they wait for comes from nobody. */
static bool nobody_moves(const struct work *w, const uint64_t moved[2][WORKERS],
			 const uint64_t waits[2][WORKERS])
{
	for (unsigned i = 0; i < w->workers; i++)
		if (moved[0][i] != moved[1][i] ||
		    (waits[1][i] != UINT64_MAX && waits[1][i] < waits[0][i] + 2))
			return false;
	return true;
}

static void watch_over(struct work *w, void (*watch)(struct work *w))
{
	uint64_t moved[2][WORKERS], waits[2][WORKERS];
	unsigned still = 0;
	for (bool left = look(w, moved[0], waits[0]); left;) {
		nanosleep(&(struct timespec){ .tv_nsec = WATCH_NS }, NULL);
		if (watch)
			watch(w);
		left = look(w, moved[1], waits[1]);
		still = left && nobody_moves(w, moved, waits) ? still + 1 : 0;
		if (still == LOOKS) {
			for (unsigned i = 0; i < w->workers; i++)
				w->finds.stuck += waits[1][i] != UINT64_MAX;
			/* pairs with: hook_wait() — all who wait leave */
			store_release(&w->broken, 1);
		}
		memcpy(moved[0], moved[1], sizeof moved[0]);
		memcpy(waits[0], waits[1], sizeof waits[0]);
	}
}

/* --- comparing --- */

/* Adds what a log has to the counts per item; -1 for what nobody pushed. */
static void tally(struct work *w, const struct worker *popper, uint8_t *const *times)
{
	for (uint32_t i = 0; i < popper->logged; i++) {
		uint64_t by = (popper->log[i] >> STAMP_BITS) - 1;
		uint32_t n = (uint32_t)popper->log[i];
		if (by >= WORKERS || n == 0 || !times[by] || n > w->worker[by].pushed) {
			w->finds.foreign++;
			continue;
		}
		w->finds.twice += times[by][n - 1] != 0;
		times[by][n - 1] = 1;
	}
}

static void compare(struct work *w)
{
	uint8_t *times[WORKERS] = { NULL };
	for (unsigned i = 0; i < w->workers; i++) {
		w->finds.pushed += w->worker[i].pushed;
		if (w->worker[i].pushed)
			times[i] = calloc(w->worker[i].pushed, 1);
	}
	for (unsigned i = 0; i < w->workers; i++) {
		tally(w, &w->worker[i], times);
		w->finds.popped += w->worker[i].logged;
	}
	tally(w, &w->drain, times);
	w->finds.popped += w->drain.logged;
	for (unsigned i = 0; i < w->workers; i++) {
		for (uint32_t n = 0; n < w->worker[i].pushed; n++)
			w->finds.lost += times[i][n] == 0;
		free(times[i]);
	}
}

/* --- episodes --- */

/* Frees the blocks that somebody knows. LeakSanitizer tells of the others. */
static void bury(struct work *w)
{
	struct span_set *sets[2] = { &w->set[0], &w->set[1] };
	/* relaxed: nobody else is there */
	uint32_t n = load_relaxed(&w->pool.allocated);
	struct span_block **known = malloc(n * sizeof(struct span_block *));
	if (!known)
		world_fatal("no memory for a list of blocks");
	n = span_known(&w->pool, sets, 2, known);
	for (uint32_t i = 0; i < n; i++)
		free(known[i]);
	free(known);
}

void work_begin(struct work *w, uint32_t entries)
{
	memset(w, 0, sizeof *w);
	span_memory_init(&w->memory, NULL, 0);
	w->memory.birth = WATCHED ? aligned_alloc : NULL;
	span_pool_init(&w->pool, &w->memory, entries, true);
	for (int i = 0; i < 2; i++)
		span_set_init(&w->set[i], &w->pool, SPINE_AT_FIRST);
	w->entries = entries;
}

void work_end(struct work *w)
{
	if (w->memory.birth)
		bury(w);
	span_memory_end(&w->memory);
	free(w->drain.log);
	w->drain.log = NULL;
}

void work_hire(struct work *w, enum role role, uint32_t quota)
{
	struct worker *new = &w->worker[w->workers];
	memset(new, 0, sizeof *new);
	new->work = w;
	new->role = role;
	new->id = w->workers++;
	new->quota = quota;
	new->log = malloc(LONGEST_LOG * sizeof *new->log);
	if (!new->log)
		world_fatal("no memory for a log");
}

/* Runs a step on the calling thread with a worker's back door. */
static bool try(struct work *w, void (*step)(struct worker *me))
{
	struct worker *me = &w->drain;
	self = me;
	world_hooks = &hooks;
	if (_setjmp(me->escape) == 0)
		step(me);
	world_hooks = NULL;
	return !me->threw && !me->stuck;
}

static void count_throw(struct work *w, const struct worker *one)
{
	if (one->threw == span_freed_early) {
		w->finds.early++;
	} else if (one->threw) {
		w->finds.threw++;
		w->finds.message = one->threw;
	}
}

static void drain_sets(struct worker *me)
{
	for (int i = 0; i < 2; i++)
		while (pop_from(me, &me->work->set[i]))
			;
}

static void reset_sets(struct worker *me)
{
	for (int i = 0; i < 2; i++)
		span_reset(&me->work->set[i]);
}

/* Raises the bound on blocks to what this episode's workers can need: for the
 * most items that they can have left in the sets at once, for each thread that
 * is slow with its pop, and for each set one that is filled. */
static void allow(struct work *w)
{
	uint64_t items = 0, produced = 0;
	unsigned producers = 0;
	bool moves = false;
	for (unsigned i = 0; i < w->workers; i++) {
		const struct worker *one = &w->worker[i];
		moves |= one->role == MOVE;
		if (one->role == BOTH)
			items += 1 + one->missed;
		if (one->role != PRODUCE)
			continue;
		producers++;
		produced += one->quota;
	}
	uint64_t most = MOST_ITEMS + producers;
	items += produced < most || moves ? produced : most;
	uint32_t blocks = (uint32_t)(items / w->entries) + w->workers + (moves ? 2 : 1);
	w->allowed = blocks > w->allowed ? blocks : w->allowed;
}

bool work_run(struct work *w, void (*watch)(struct work *w))
{
	unsigned pushing = 0;
	w->drain = (struct worker){ .work = w, .role = CONSUME, .log = w->drain.log };
	if (!w->drain.log && !(w->drain.log = malloc(LONGEST_LOG * sizeof *w->drain.log)))
		world_fatal("no memory for a log");
	for (unsigned i = 0; i < w->workers; i++)
		pushing += w->worker[i].role == PRODUCE || w->worker[i].role == BOTH;
	word_init(&w->pushing, pushing);
	word_init(&w->broken, 0);
	w->finds = (struct finds){ 0 };
	for (unsigned i = 0; i < w->workers; i++)
		if (world_thread_start(&w->worker[i].thread, work_main, &w->worker[i]) != 0)
			world_fatal("cannot start a thread");
	watch_over(w, watch);
	allow(w);
	bool sound = true;
	for (unsigned i = 0; i < w->workers; i++) {
		struct worker *one = &w->worker[i];
		world_thread_join(one->thread);
		count_throw(w, one);
		sound &= !one->stuck && !one->threw;
	}
	/* A popper that waits in the drain waits for nobody. */
	/* pairs with: hook_wait() */
	store_release(&w->broken, 1);
	bool drained = try(w, drain_sets);
	count_throw(w, &w->drain);
	w->finds.stuck += sound && w->drain.stuck;
	sound &= drained;
	compare(w);
	if (!sound)
		w->finds.lost = 0; /* who left by the back door left items */
	for (unsigned i = 0; i < w->workers; i++)
		free(w->worker[i].log);
	w->workers = 0;
	return sound;
}

bool work_reset(struct work *w)
{
	return try(w, reset_sets);
}
