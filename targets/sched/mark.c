#include "base/world.h"
#include "sched/heap.h"

enum { WORK_BYTES = 2048, WORKS = 8 };

struct work {
	struct stack_node node;
	uint32_t n;
	void *object[(WORK_BYTES - sizeof(struct stack_node) - 8) / sizeof(void *)];
};

enum { WORK_ROOM = sizeof ((struct work *)0)->object / sizeof(void *) };

struct work_block {
	struct work_block *older;
	struct work work[WORKS];
};

void marking_init(struct marking *m)
{
	*m = (struct marking){ .blocks = NULL };
}

void marking_end(struct marking *m)
{
	while (m->blocks) {
		struct work_block *b = m->blocks;
		m->blocks = b->older;
		world_unmap(b, sizeof *b);
	}
}

/* --- work --- */

/* New, or emptied by whoever pushed it. */
static struct work *empty_work(struct marking *m)
{
	struct work *w;
	while (!(w = (struct work *)stack_pop(&m->empty))) {
		struct work_block *b = world_map(sizeof *b);
		mutex_lock(&m->lock);
		b->older = m->blocks;
		m->blocks = b;
		mutex_unlock(&m->lock);
		for (int i = 0; i < WORKS; i++)
			stack_push(&m->empty, &b->work[i].node);
	}
	return w;
}

static void put(struct marker *m, void *object)
{
	if (m->work->n == WORK_ROOM) {
		stack_push(&m->shared->full, &m->work->node);
		m->work = empty_work(m->shared);
	}
	m->work->object[m->work->n++] = object;
}

/* NULL: neither this marker nor the shared stack has any. */
static void *get(struct marker *m)
{
	if (m->work->n == 0) {
		struct work *w = (struct work *)stack_pop(&m->shared->full);
		if (!w)
			return NULL;
		stack_push(&m->shared->empty, &m->work->node);
		m->work = w;
	}
	return m->work->object[--m->work->n];
}

/* --- marking --- */

/* Returns whether it was not marked before. */
static bool set_mark(struct span *s, uint32_t i)
{
	uint64_t bit = UINT64_C(1) << i % 64;
#ifdef BUG_MARK_SPLIT
	/* dropped: one step. Of two markers in one word, one loses its mark,
	 * and the object is freed: early_free, on any machine. */
	/* relaxed: as below */
	uint64_t old = load_relaxed(&s->marked[i / 64]);
	store_relaxed(&s->marked[i / 64], old | bit);
#else
	/* relaxed: read when all markers have ended */
	uint64_t old = fetch_or_relaxed(&s->marked[i / 64], bit);
#endif
	return !(old & bit);
}

bool mark_object(struct marker *m, const void *p)
{
	struct span *s = heap_span_of(m->h, p);
	if (!s)
		return false;
	uint32_t i = (uint32_t)((uintptr_t)p - (uintptr_t)s->base) / s->size;
	/* Beyond the last object none is taken. */
	if (!(s->taken[i / 64] >> i % 64 & 1))
		return false;
	if (set_mark(s, i) && s->class % 2)
		put(m, s->base + (size_t)i * s->size);
	return true;
}

static void look_into(struct marker *m, void *object)
{
	void *const *word = object;
	size_t words = heap_span_of(m->h, object)->size / sizeof *word;
	for (size_t i = 0; i < words; i++)
		mark_object(m, word[i]);
}

void mark_begin(struct marker *m, struct marking *shared, struct heap *h)
{
	*m = (struct marker){ .h = h, .shared = shared, .work = empty_work(shared) };
	/* relaxed: as in mark_end() */
	fetch_add_relaxed(&shared->busy, 1);
}

void mark_end(struct marker *m)
{
	struct marking *shared = m->shared;
	for (;;) {
		for (void *object; (object = get(m));)
			look_into(m, object);
		/* Work is put by the busy, who end when they see none: nobody
		 * busy, no work.
		 * relaxed: whoever is late to see some has less to do, for
		 * who put it there looks again */
		fetch_add_relaxed(&shared->busy, (uint32_t)-1);
		while (!stack_first(&shared->full)) {
			/* relaxed: as above */
			if (load_relaxed(&shared->busy) == 0) {
				stack_push(&shared->empty, &m->work->node);
				return;
			}
			world_relax();
		}
		/* relaxed: as above */
		fetch_add_relaxed(&shared->busy, 1);
	}
}

void mark_done(struct heap *h)
{
	for (unsigned i = 0; i < h->classes; i++) {
		span_reset(heap_set(h, i, false, false));
		span_reset(heap_set(h, i, true, false));
	}
	/* relaxed: the world is stopped */
	store_relaxed(&h->generation, heap_generation(h) + 2);
	/* relaxed: as above */
	store_relaxed(&h->cursor, 0);
}
