#include "sched/gc.h"

#include <string.h>

#include "sched/g.h"

enum {
	HANDLES = 64,        /* of one goroutine */
	AT_ONCE = 16,        /* goroutines that a marker takes */
	SWEEPS = 10,         /* spans between two yields of the sweeper */
	STACKS = 512,        /* closed ones that keep their memory for reuse */
	ROOM = 1536          /* bytes of stack that allocation may use */
};
#define HEAP_BYTES ((size_t)1 << 30)

/* Of one goroutine; it stays with the struct G. */
struct handles {
	uint64_t used;       /* bits of slot[] */
	void *slot[HANDLES];
	struct handles *older;
};

static struct gc {
	struct heap heap;
	struct marking marking;
	struct sched *s;
	mutex lock;          /* guards handles */
	struct handles *handles; /* all, newest first */
	word32 next;         /* goroutine that no marker has taken yet */
	word64 dangling;
	/* The sweeper. SLEEPER_NONE -> SLEEPER_TOLD by who has work; -> g by
	 * the sweeper as it parks, which had found none; any -> SLEEPER_NONE by
	 * the sweeper, which then works. kept: hands over a parked goroutine;
	 * whole runs alone come here */
	wordptr sleeper;
	word32 ending, ended;
	uint64_t cycles;     /* the rest: whoever has stopped the world */
	int64_t pause_ns, longest_pause_ns;
} the;

enum { SLEEPER_NONE = 0, SLEEPER_TOLD = 1 };

/* --- handles --- */

static struct handles *new_handles(void)
{
	struct handles *h = world_map(sizeof *h);
	mutex_lock(&the.lock);
	h->older = the.handles;
	the.handles = h;
	mutex_unlock(&the.lock);
	return h;
}

void **gc_handle(void)
{
	struct G *g = g_self();
	if (!g->handles)
		g->handles = new_handles();
	struct handles *h = g->handles;
	if (h->used == ~UINT64_C(0))
		world_fatal("a goroutine has too many handles");
	int i = __builtin_ctzll(~h->used);
	h->used |= UINT64_C(1) << i;
	h->slot[i] = NULL;
	return &h->slot[i];
}

void gc_release(void **handle)
{
	struct handles *h = g_self()->handles;
	size_t i = (size_t)(handle - h->slot);
	if (i >= HANDLES || !(h->used >> i & 1))
		world_fatal("a handle was given back that is not this goroutine's");
	h->used &= ~(UINT64_C(1) << i);
}

/* --- objects --- */

/* The heap, for who now has room to use it: what shrinks stacks may have been
 * there wherever the caller yielded. */
static struct heap *the_heap(void)
{
	stack_need(ROOM);
	return &the.heap;
}

void *gc_alloc(void **handle, size_t bytes, bool pointers)
{
	struct heap *h = the_heap();
	struct P *p = m_self()->p;
	if (!p->cache)
		p->cache = world_map(sizeof(struct heap_cache));
	*handle = heap_alloc(h, p->cache, bytes, pointers);
	if (!*handle)
		world_fatal("the heap is full");
	return *handle;
}

void gc_watch(void *object, struct watch *w)
{
	heap_watch(the_heap(), object, w);
}

/* --- the sweeper --- */

static bool sleeper_parks(struct g *g, void *arg)
{
	uintptr_t none = SLEEPER_NONE;
	(void)arg;
	/* The race lost: there is work. pairs with: tell_sweeper() — g as it
	 * parked */
	return cas_acq_rel(&the.sleeper, &none, (uintptr_t)g);
}

static void tell_sweeper(void)
{
	/* pairs with: sleeper_parks(), sweeper_main() */
	uintptr_t was = exchange_acq_rel(&the.sleeper, SLEEPER_TOLD);
	if (was > SLEEPER_TOLD)
		runtime->ready((struct g *)was);
}

static void sweep_and_yield(void)
{
	while (sweep_one(the_heap())) {
		for (int i = 1; i < SWEEPS && sweep_one(&the.heap); i++)
			;
		go_yield();
	}
}

static void sweeper_main(void *arg)
{
	(void)arg;
	/* relaxed: the swap of the sleeper orders it, which told this one */
	while (!load_relaxed(&the.ending)) {
		/* pairs with: tell_sweeper() */
		if (exchange_acq_rel(&the.sleeper, SLEEPER_NONE) != SLEEPER_TOLD) {
			runtime->park(sleeper_parks, NULL);
			continue;
		}
		sweep_and_yield();
		pages_return(&the.heap);
		stacks_trim(&the.s->stacks, STACKS);
	}
	/* relaxed: who sees it stops the world before it looks at more */
	store_relaxed(&the.ended, 1);
}

/* --- a cycle --- */

static void scan_handles(struct marker *m, const struct handles *h)
{
	for (uint64_t left = h->used; left; left &= left - 1) {
		void *object = h->slot[__builtin_ctzll(left)];
		/* unreached: an oracle of early frees */
		if (object && !mark_object(m, object))
			/* relaxed: a figure */
			fetch_add_relaxed(&the.dangling, 1);
	}
}

static void scan_goroutine(struct marker *m, struct G *g)
{
	if (g->handles)
		scan_handles(m, g->handles);
	/* relaxed: who is dead stays so while the world is stopped */
	if (load_relaxed(&g->g.status) == G_DEAD && g->stack.top)
		stack_close(&g->stack);
	else
		g_shrink(g);
}

/* On each worker that helps. */
static void scan(void *arg)
{
	struct marker m;
	unsigned n;
	struct G *const *all = all_goroutines(the.s, &n);
	(void)arg;
	mark_begin(&m, &the.marking, &the.heap);
	for (;;) {
		/* relaxed: a ticket */
		uint32_t first = fetch_add_relaxed(&the.next, AT_ONCE);
		for (uint32_t i = first; i < first + AT_ONCE && i < n; i++)
			scan_goroutine(&m, all[i]);
		if (first + AT_ONCE >= n)
			break;
	}
	mark_end(&m);
}

/* The world is stopped: no sweeper is halfway. */
static void prepare(void *arg)
{
	(void)arg;
	while (sweep_one(&the.heap))
		;
	for (unsigned i = 0; i < the.s->procs; i++)
		if (the.s->p[i]->cache)
			heap_flush(&the.heap, the.s->p[i]->cache);
	/* relaxed: published by who gives the others their work */
	store_relaxed(&the.next, 0);
}

static void finish(void *arg)
{
	(void)arg;
	mark_done(&the.heap);
}

void gc_collect(void)
{
	sweep_and_yield();
	int64_t start = world_now();
	stop_the_world();
	worker_call(prepare, NULL);
	sched_help(the.s->procs - 1, scan, NULL);
	worker_call(finish, NULL);
	int64_t pause = world_now() - start;
	the.cycles++;
	the.pause_ns += pause;
	the.longest_pause_ns = pause > the.longest_pause_ns ? pause : the.longest_pause_ns;
	start_the_world();
	tell_sweeper();
}

/* --- from beginning to end --- */

static void begin(void *arg)
{
	const struct gc_config *c = arg;
	struct sched *s = m_self()->s;
	/* Nothing marked yet, and free locks. */
	memset(&the, 0, sizeof the);
	the.s = s;
	/* As many workers as there are processors use the heap. */
	if (heap_init(&the.heap, c->heap_bytes ? c->heap_bytes : HEAP_BYTES,
		      c->small ? c->small : HEAP_SMALL, s->procs, c->poison) != 0)
		world_fatal("no memory for the heap");
}

void gc_begin(const struct gc_config *c)
{
	struct gc_config copy = *c;
	worker_call(begin, &copy);
	go(sweeper_main, NULL);
}

void gc_look(struct gc_counts *counts)
{
	const struct heap *h = &the.heap;
	/* relaxed: figures */
	*counts = (struct gc_counts){
		.cycles = the.cycles, .pause_ns = the.pause_ns,
		.longest_pause_ns = the.longest_pause_ns,
		/* relaxed: figures */
		.moves = load_relaxed(&the.s->stacks.moves),
		.freed = load_relaxed(&h->freed), .spans = load_relaxed(&h->spans),
		.swept = load_relaxed(&h->swept),
		/* relaxed: figures */
		.returned = load_relaxed(&h->returned),
		.dangling = load_relaxed(&the.dangling), .written = load_relaxed(&h->written),
	};
	for (unsigned i = 0; i < the.s->procs; i++) {
		const struct heap_cache *c = the.s->p[i]->cache;
		counts->allocated += c ? c->allocated : 0;
	}
	mutex_lock(&the.lock);
	for (const struct handles *t = the.handles; t; t = t->older)
		counts->handles += (uint32_t)__builtin_popcountll(t->used);
	mutex_unlock(&the.lock);
}

uint32_t gc_taken(void)
{
	return load_relaxed(&the.next); /* relaxed: a figure */
}

static void end(void *arg)
{
	struct gc_counts *counts = arg;
	struct heap_cache *cache[MOST_PROCS];
	struct sched *s = the.s;
	while (sweep_one(&the.heap))
		;
	gc_look(counts);
	for (unsigned i = 0; i < s->procs; i++)
		cache[i] = s->p[i]->cache;
	counts->audit = heap_audit(&the.heap, cache, s->procs);
	for (unsigned i = 0; i < s->procs; i++) {
		if (cache[i])
			world_unmap(cache[i], sizeof *cache[i]);
		s->p[i]->cache = NULL;
	}
	unsigned n;
	struct G *const *all = all_goroutines(s, &n);
	for (unsigned i = 0; i < n; i++)
		all[i]->handles = NULL;
	while (the.handles) {
		struct handles *h = the.handles;
		the.handles = h->older;
		world_unmap(h, sizeof *h);
	}
	marking_end(&the.marking);
	heap_end(&the.heap);
}

void gc_end(struct gc_counts *counts)
{
	/* relaxed: tell_sweeper() publishes it */
	store_relaxed(&the.ending, 1);
	tell_sweeper();
	/* relaxed: as in sweeper_main() */
	while (!load_relaxed(&the.ended))
		go_yield();
	stop_the_world();
	worker_call(end, counts);
	start_the_world();
}
