#include "base/threads.h"

#include <string.h>

#include "base/lock.h"

/* --- goroutines --- */

static void goroutine_main(void *arg)
{
	struct thread_goroutine *t = arg;
	world_set_local(&t->g);
	t->fn(t->arg);
}

int thread_goroutine_start(struct thread_goroutine *t, void (*fn)(void *), void *arg)
{
	memset(t, 0, sizeof *t);
	word_init(&t->g.status, G_RUNNING);
	t->fn = fn;
	t->arg = arg;
	return world_thread_start(&t->thread, goroutine_main, t);
}

void thread_goroutine_join(struct thread_goroutine *t)
{
	world_thread_join(t->thread);
}

static struct g *current(void)
{
	struct g *g = world_local();
	if (!g)
		world_fatal("only goroutines can park");
	return g;
}

static void park(commit_fn *commit, void *arg)
{
	struct g *g = current();
	/* relaxed: commit publishes g */
	store_relaxed(&g->status, G_WAITING);
	if (!commit(g, arg)) {
		g->aborts++;
		/* relaxed: nobody else knows g */
		store_relaxed(&g->status, G_RUNNING);
		return;
	}
	g->parks++;
	/* pairs with: ready() swap — all that the waker did before */
	while (load_acquire(&g->status) == G_WAITING)
		world_futex_wait(&g->status, G_WAITING, -1);
	/* relaxed: it is this thread's again */
	store_relaxed(&g->status, G_RUNNING);
}

static void ready(struct g *g)
{
	uint32_t seen = G_WAITING;
	/* pairs with: park() load — all that the waker did before */
	if (!cas_acq_rel(&g->status, &seen, G_RUNNABLE))
		world_fatal("readied a goroutine that does not wait");
	/* g's thread may be gone by now: a wake on an old address is harmless.
	 */
	world_futex_wake(&g->status, 1);
}

/* --- timers: a binary heap, by when --- */

static struct {
	mutex lock; /* guards what follows, and every field of the timers */
	struct timer **heap;
	uint32_t count, room;
	int64_t next;   /* what the thread sleeps until; INT64_MAX: no timer */
	bool stopping;
	/* Counted up to make the thread look again. kept: what changed lies
	 * under the lock, which orders it too */
	word32 changes;
	world_thread thread;
} timers;

static void place(struct timer *t, uint32_t i)
{
	timers.heap[i] = t;
	t->heap_index = i + 1;
}

/* Moves the timer at i to where it belongs. */
static void sift(uint32_t i)
{
	struct timer *t = timers.heap[i];
	while (i > 0 && t->when < timers.heap[(i - 1) / 2]->when) {
		place(timers.heap[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= timers.count)
			break;
		if (child + 1 < timers.count &&
		    timers.heap[child + 1]->when < timers.heap[child]->when)
			child++;
		if (timers.heap[child]->when >= t->when)
			break;
		place(timers.heap[child], i);
		i = child;
	}
	place(t, i);
}

static void take_out(struct timer *t)
{
	uint32_t i = t->heap_index - 1;
	t->heap_index = 0;
	struct timer *last = timers.heap[--timers.count];
	if (last == t)
		return;
	place(last, i);
	sift(i);
}

static void make_room(void)
{
	enum { FIRST_ROOM = 512 };
	if (timers.count < timers.room)
		return;
	uint32_t room = timers.room ? 2 * timers.room : FIRST_ROOM;
	struct timer **heap = world_map(room * sizeof *heap);
	if (timers.room) {
		memcpy(heap, timers.heap, timers.count * sizeof *heap);
		world_unmap(timers.heap, timers.room * sizeof *heap);
	}
	timers.heap = heap;
	timers.room = room;
}

static void look_again(void)
{
	/* pairs with: timer_main() load — what changed, under the lock */
	fetch_add_acq_rel(&timers.changes, 1);
	world_futex_wake(&timers.changes, 1);
}

static void timer_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t),
			void *arg, uintptr_t seq)
{
	mutex_lock(&timers.lock);
	t->when = when;
	t->fire = fire;
	t->arg = arg;
	t->seq = seq;
	if (t->heap_index == 0) {
		make_room();
		timers.heap[timers.count] = t;
		t->heap_index = ++timers.count;
	}
	sift(t->heap_index - 1);
	bool sooner = timers.heap[0]->when < timers.next;
	if (sooner)
		timers.next = timers.heap[0]->when;
	mutex_unlock(&timers.lock);
	if (sooner)
		look_again();
}

static void timer_stop(struct timer *t)
{
	mutex_lock(&timers.lock);
	if (t->heap_index != 0)
		take_out(t);
	mutex_unlock(&timers.lock);
}

/* Fires what is due. Returns how long to sleep, ns; < 0: until something
 * changes. Lock held, released around each firing. */
static int64_t fire_due(void)
{
	for (;;) {
		timers.next = timers.count ? timers.heap[0]->when : INT64_MAX;
		if (timers.stopping || timers.count == 0)
			return -1;
		int64_t left = timers.next - world_now();
		if (left > 0)
			return left;
		struct timer *t = timers.heap[0];
		void (*fire)(void *, uintptr_t) = t->fire;
		void *arg = t->arg;
		uintptr_t seq = t->seq;
		take_out(t);
		mutex_unlock(&timers.lock);
		fire(arg, seq);
		mutex_lock(&timers.lock);
	}
}

static void timer_main(void *arg)
{
	(void)arg;
	for (;;) {
		/* pairs with: look_again() — seen before looking, so none is
		 * missed */
		uint32_t changes = load_acquire(&timers.changes);
		mutex_lock(&timers.lock);
		int64_t sleep = fire_due();
		bool stopping = timers.stopping;
		mutex_unlock(&timers.lock);
		if (stopping)
			return;
		world_futex_wait(&timers.changes, changes, sleep);
	}
}

int threads_start(void)
{
	memset(&timers, 0, sizeof timers);
	mutex_init(&timers.lock);
	word_init(&timers.changes, 0);
	timers.next = INT64_MAX;
	return world_thread_start(&timers.thread, timer_main, NULL);
}

void threads_stop(void)
{
	mutex_lock(&timers.lock);
	timers.stopping = true;
	mutex_unlock(&timers.lock);
	look_again();
	world_thread_join(timers.thread);
	if (timers.room)
		world_unmap(timers.heap, timers.room * sizeof *timers.heap);
}

const struct runtime threads_runtime = {
	.name = "threads",
	.current = current,
	.park = park,
	.ready = ready,
	.timer_start = timer_start,
	.timer_stop = timer_stop,
};
