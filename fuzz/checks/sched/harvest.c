/* A heap against what it should hold: objects of every size keep what was
 * written to them while a handle leads to them, and are freed when none
 * does. */
#include "checks/sched/run.h"

enum { HEAP = 1 << 19, CHILDREN = 256, KINDS = 7, FILL = 5, LARGE = 9000, DEEP = 12000 };

static const size_t bytes_of_kind[KINDS] = { 1, 16, 17, 100, 500, 2048, LARGE };
static word32 left, made, deep, over;
static struct watch watch, beside;

static void write_to(unsigned char *object, size_t bytes, unsigned stamp)
{
	for (size_t i = 0; i < bytes; i += i + 8 < bytes ? 8 : 1)
		object[i] = (unsigned char)(stamp + i);
}

static void read_from(const unsigned char *object, size_t bytes, unsigned stamp)
{
	for (size_t i = 0; i < bytes; i += i + 8 < bytes ? 8 : 1)
		must(object[i] == (unsigned char)(stamp + i),
		     "an object lost what was written to it");
}

static void *fresh(void **handle, size_t bytes, bool pointers)
{
	unsigned char *object = gc_alloc(handle, bytes, pointers);
	must(object == *handle, "an object is in no handle");
	for (size_t i = 0; i < bytes; i += 8)
		must(object[i] == 0, "a new object is not zero");
	/* relaxed: a count */
	fetch_add_relaxed(&made, 1);
	return object;
}

/* More children than a marker looks into at once; they have one each. */
static void plant(void **root)
{
	void **child = gc_handle(), **parent = fresh(root, CHILDREN * sizeof(void *), true);
	for (int i = 0; i < CHILDREN; i++) {
		void **inner = fresh(child, 16, true);
		parent[i] = inner;
		long *leaf = fresh(child, 16, false);
		inner[0] = leaf;
		*leaf = i;
	}
	gc_release(child);
}

static void pick(void *const *root)
{
	void **const *parent = *root;
	for (int i = 0; i < CHILDREN; i++)
		must(*(long *)parent[i][0] == i, "an object that others lead to is gone");
}

/* Of each size one that stays, and many that do not. */
static void keep_some(unsigned stamp)
{
	void **kept[KINDS], **dropped = gc_handle();
	for (int kind = 0; kind < KINDS; kind++) {
		size_t bytes = bytes_of_kind[kind];
		kept[kind] = gc_handle();
		must(*kept[kind] == NULL, "a handle is not empty at first");
		write_to(fresh(kept[kind], bytes, false), bytes, stamp + (unsigned)kind);
		for (int i = 0; i < (bytes > 2048 ? 1 : FILL); i++)
			write_to(fresh(dropped, bytes, false), bytes, 99);
	}
	*dropped = NULL;
	gc_collect();
	for (int kind = 0; kind < KINDS; kind++) {
		read_from(*kept[kind], bytes_of_kind[kind], stamp + (unsigned)kind);
		gc_release(kept[kind]);
	}
	gc_release(dropped);
}

static void other(void *arg)
{
	(void)arg;
	keep_some(50);
	count_one(&left);
}

/* An object's end is told, once, and not before. */
static void watch_one(void)
{
	void **handle = gc_handle(), **other = gc_handle();
	gc_watch(fresh(handle, 32, false), &watch);
	gc_watch(fresh(other, 32, false), &beside);
	gc_collect();
	/* relaxed, all: nobody sweeps any more */
	must(load_relaxed(&watch.freed) == 0 && load_relaxed(&beside.freed) == 0,
	     "an object that is in use was freed");
	*handle = NULL;
	gc_collect();
	gc_collect(); /* sweeps what the last one left */
	/* relaxed: as above */
	must(load_relaxed(&watch.freed) == 1 && load_relaxed(&beside.freed) == 0,
	     "of two objects another's end was told, or none");
	*other = NULL;
	gc_collect();
	gc_collect();
	/* relaxed: as above */
	must(load_relaxed(&beside.freed) == 1, "nobody was told of an object's end");
	gc_release(handle);
	gc_release(other);
}

/* Which no cycle finds dead any more. */
static void leave_one(void)
{
	void **handle = gc_handle();
	fresh(handle, 16, false);
	gc_release(handle);
}

static void balance(const struct gc_counts *c, uint64_t live)
{
	/* relaxed: nobody else is there */
	must(c->allocated == load_relaxed(&made), "objects are counted wrong");
	must(c->allocated - c->freed == live && c->audit.live == live, "objects do not add up");
	must(!c->dangling && !c->written && !c->audit.bad_free, "a free object was used");
	must(!c->audit.lost && !c->audit.twice && !c->audit.misplaced, "spans do not add up");
	must(c->handles == 0, "handles do not add up");
	must(c->pause_ns >= c->longest_pause_ns, "pauses do not add up");
	must(c->swept > 0 && c->spans > 0 && c->audit.spans <= c->spans, "spans are counted wrong");
	must(c->audit.spans == c->audit.in_sets + c->audit.cached, "spans are nowhere");
}

/* Has a large stack of which it needs little, until it may end. */
static void need_little(void *arg)
{
	(void)arg;
	stack_need(DEEP);
	count_one(&deep);
	await_count(&over, 1);
}

static size_t backing_of(const struct G *g)
{
	return (size_t)(g->stack.top - g->stack.low);
}

/* A cycle halves such a stack. */
static void shrink(void)
{
	struct sched *s = m_self()->s;
	struct gc_counts before, after;
	const struct G *large = NULL;
	unsigned n;
	go(need_little, NULL);
	await_count(&deep, 1);
	struct G *const *all = all_goroutines(s, &n);
	for (unsigned i = 0; i < n; i++)
		if (all[i] != g_self() && all[i]->stack.top &&
		    (!large || backing_of(all[i]) > backing_of(large)))
			large = all[i];
	size_t bytes = backing_of(large);
	must(bytes > DEEP, "a stack did not grow");
	gc_look(&before);
	gc_collect();
	gc_look(&after);
	must(backing_of(large) == bytes / 2 && after.moves > before.moves,
	     "a stack did not shrink");
	count_one(&over);
}

static void first(void *arg)
{
	struct gc_config gc = { .heap_bytes = HEAP, .poison = true };
	struct gc_counts counts;
	(void)arg;
	gc_begin(&gc);
	go(other, NULL);
	void **root = gc_handle();
	plant(root);
	keep_some(10);
	pick(root);
	await_count(&left, 1);
	watch_one();
	pick(root);
	shrink();
	gc_release(root);
	gc_collect();
	gc_collect();
	gc_look(&counts);
	must(counts.allocated == counts.freed, "not all was freed");
	keep_some(70);
	gc_collect();
	leave_one();
	gc_end(&counts);
	must(counts.cycles == 12, "cycles are counted wrong");
	must(counts.returned > 0, "no page was given back");
	balance(&counts, 1);
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 2, .stack_bytes = 32 << 10 };
	run_program(s, me, &c, first);
	must(s->counts.started == 4, "goroutines are counted wrong");
}

CASE(harvest,
     .purpose = "objects of every size, kept and dropped by two through some collections",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
