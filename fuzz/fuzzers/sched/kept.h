/* Objects that a goroutine keeps alive, and that must stay what they were.
 */
#ifndef FUZZERS_SCHED_KEPT_H
#define FUZZERS_SCHED_KEPT_H

#include "common/leave.h"
#include "sched/g.h"
#include "sched/gc.h"

enum { KEPT = 6, WATCHED = 16 };

struct object {
	struct object *next; /* of the same size; this keeps it */
	uint64_t bytes, serial;
	uint64_t word[];
};

struct kept {
	void **handle[KEPT];
	unsigned n;
	uint64_t serial; /* of the object that was kept last */
	struct watch watch[WATCHED];
};

/* On the worker's own stack, which has room to print. */
static inline void tell(void *what)
{
	leave_check(false, what);
}

static inline void check(bool holds, const char *what)
{
	if (!holds)
		worker_call(tell, (void *)(uintptr_t)what);
}

static inline struct object *make(void **handle, uint64_t bytes, uint64_t serial, bool pointers)
{
	struct object *o = gc_alloc(handle, sizeof *o + bytes / 8 * 8, pointers);
	check(o->serial == 0 && o->next == NULL, "an object is not zeroed");
	o->bytes = bytes / 8 * 8;
	o->serial = serial;
	for (uint64_t i = 0; i < bytes / 8; i++)
		o->word[i] = serial ^ i;
	return o;
}

/* Keeps one more object, or a list of them, if there is room. */
static inline void keep(struct kept *t, unsigned what)
{
	if (t->n == KEPT)
		return;
	void **handle = t->handle[t->n++] = gc_handle();
	if (what == 0xff)
		return; /* it stays empty */
	uint64_t bytes = what % 16 < 14 ? (what % 16) * (what % 16) * 12 : what % 16 * 2000;
	struct object *first = make(handle, bytes, ++t->serial, what & 16);
	if (t->serial < WATCHED)
		gc_watch(first, &t->watch[t->serial]);
	for (unsigned more = what & 16 ? what / 32 * 24 : 0; more > 0; more--) {
		struct object *old = *handle;
		void **fresh = gc_handle();
		struct object *o = make(fresh, bytes, t->serial, true);
		o->next = old;
		*handle = o;
		gc_release(fresh);
	}
}

/* Looks at what was kept last, and drops it. */
static inline void look(struct kept *t, bool drop)
{
	if (t->n == 0)
		return;
	void **handle = t->handle[t->n - 1];
	const struct object *o = *handle;
	uint64_t serial = o ? o->serial : WATCHED;
	/* relaxed: as good as now */
	check(serial >= WATCHED || load_relaxed(&t->watch[serial].freed) == 0,
	      "an object that is kept is freed");
	for (; o; o = o->next) {
		bool same = o->serial == serial;
		for (uint64_t i = 0; same && i < o->bytes / 8; i++)
			same = o->word[i] == (serial ^ i);
		check(same, "an object that is kept is another's");
	}
	if (!drop)
		return;
	gc_release(handle);
	t->n--;
}

#endif
