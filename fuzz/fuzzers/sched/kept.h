/* Objects that a goroutine keeps alive, and that must stay what they were.
 */
#ifndef FUZZERS_SCHED_KEPT_H
#define FUZZERS_SCHED_KEPT_H

#include "common/leave.h"
#include "sched/g.h"
#include "sched/gc.h"

enum { KEPT = 6, WATCHED = 16, LARGE = 28000, HUGE = 5 << 20 };

struct object {
	struct object *next; /* of the same size; this keeps it */
	uint64_t words, serial;
	uint64_t many;       /* the first words lead to objects too */
	uintptr_t guess;
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

/* Of some object, perhaps one that is free by now: the collector must bear
 * words that look like addresses. */
static wordptr somewhere;

static inline struct object *make(void **handle, uint64_t bytes, uint64_t serial, bool pointers)
{
	struct object *o = gc_alloc(handle, sizeof *o + bytes / 8 * 8, pointers);
	check(o->serial == 0 && o->next == NULL, "an object is not zeroed");
	o->words = bytes / 8;
	o->serial = serial;
	for (uint64_t i = 0; i < o->words; i++)
		o->word[i] = serial ^ i;
	/* relaxed, both: only a word */
	o->guess = load_relaxed(&somewhere);
	store_relaxed(&somewhere, (uintptr_t)o + bytes / 2);
	return o;
}

/* A list of such objects, or one that many others hang from. */
static inline void add(void **handle, unsigned more, uint64_t bytes, uint64_t serial, bool wide)
{
	void **fresh = gc_handle();
	for (; more > 0; more--) {
		struct object *o = make(fresh, bytes, serial, true), *first = *handle;
		if (wide && more <= first->words) {
			first->word[more - 1] = (uintptr_t)o;
			first->many = more > first->many ? more : first->many;
		} else {
			o->next = first->next;
			first->next = o;
		}
	}
	gc_release(fresh);
}

/* Keeps one more object, or several, if there is room. */
static inline void keep(struct kept *t, unsigned what)
{
	if (t->n == KEPT)
		return;
	void **handle = t->handle[t->n++] = gc_handle();
	if (what == 0xff)
		return; /* it stays empty */
	uint64_t size = what % 16, bytes = size * size * 12;
	if (size >= 14)
		bytes = size == 15 ? HUGE : LARGE;
	struct object *first = make(handle, bytes, ++t->serial, what & 16);
	if (t->serial < WATCHED)
		gc_watch(first, &t->watch[t->serial]);
	if (what & 16 && size < 14)
		add(handle, what / 32 * 40, what & 128 ? 16 : bytes, t->serial, what & 128);
}

static inline bool is_whole(const struct object *o, uint64_t serial)
{
	bool same = o->serial == serial;
	for (uint64_t i = 0; same && i < o->many; i++)
		same = ((const struct object *)o->word[i])->serial == serial;
	for (uint64_t i = o->many; same && i < o->words; i++)
		same = o->word[i] == (serial ^ i);
	return same;
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
	for (; o; o = o->next)
		check(is_whole(o, serial), "an object that is kept is another's");
	if (!drop)
		return;
	gc_release(handle);
	t->n--;
}

#endif
