/* One thread and a heap with two caches, against a table of objects: what can
 * be reached stays what it was, through cycles and sweeps in any order, and
 * what cannot is freed once.
 *
 * The first two bytes say how large the heap is, how large small objects are,
 * and whether free ones are poisoned.
 */
/* links: targets/sched/heap.c targets/sched/sweep.c targets/sched/mark.c */
/* links: targets/sched/pages.c targets/sched/heap_audit.c */
/* links: targets/spanset/[a-z]*.c targets/base/lock.c stress/world.c */
/* variants: BUG_PUT_EARLY */
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "sched/heap.h"

enum {
	HEADER = 2,
	CACHES = 2,
	OBJECTS = 640,
	NAMED = 32,          /* objects that an input can speak of */
	CROWD_BYTES = HEAP_SMALL,
	STEPS = 200,
	MANY = 100,          /* pushers: more than a block has room for by itself */
	FAR = 239,           /* sizes from here on take pages */
};
#define NOWHERE (UINT64_C(0xabcd) << 48)

static struct heap heap;
static struct heap_cache cache[CACHES];
static struct marking marking;
static struct object {
	uint64_t *memory;    /* NULL: none. The first word leads to another */
	uint32_t words;
	bool pointers, root, reached;
	bool dying;          /* it will be freed, and its watch be told */
	struct object *next;
	uint64_t serial;
	struct watch watch;
} object[OBJECTS];
static uint64_t serials, born;
static const uint8_t *at, *end;

static unsigned next(void)
{
	return at < end ? *at++ : 0;
}

static void look(const struct object *o)
{
	if (!o->memory)
		return;
	bool same = o->memory[0] == (uintptr_t)(o->next ? o->next->memory : NULL);
	for (uint32_t i = 1; i < o->words; i++)
		same &= o->memory[i] == o->serial;
	leave_check(same, "an object that can be reached is another's");
	/* relaxed: here and below, one thread */
	leave_check(load_relaxed(&o->watch.freed) == 0, "an object that can be reached is freed");
}

static void allocate(struct object *o, unsigned by, uint32_t words, bool pointers)
{
	if (o->memory || (o->dying && load_relaxed(&o->watch.freed) == 0)) {
		look(o);
		return;
	}
	uint64_t *memory = heap_alloc(&heap, &cache[by], words * 8, pointers);
	bool one_page = words * 8 <= HEAP_PAGE;
	leave_check(memory || !one_page || heap.in_use == heap.pages,
		    "a heap with free pages says that it is full");
	if (!memory)
		return;
	bool zero = true;
	*o = (struct object){ .memory = memory, .words = words, .pointers = pointers,
			      .serial = NOWHERE | ++serials, .root = true };
	for (uint32_t i = 0; i < words; i++) {
		zero &= memory[i] == 0;
		memory[i] = i ? o->serial : 0;
	}
	leave_check(zero, "an object is not zeroed");
	heap_watch(&heap, memory, &o->watch);
	born++;
}

static void crowd(unsigned by)
{
	for (unsigned i = NAMED; i < OBJECTS; i++)
		allocate(&object[i], by, CROWD_BYTES / 8, false);
}

/* --- cycles --- */

static void all_swept(void)
{
	uint64_t live = 0;
	while (sweep_one(&heap))
		;
	for (struct object *o = object; o < object + OBJECTS; o++) {
		live += o->memory != NULL;
		leave_check(!o->dying || load_relaxed(&o->watch.freed) == 1,
			    "what cannot be reached is not freed once");
		o->dying = false;
	}
	leave_check(born - load_relaxed(&heap.freed) == live, "another number of objects is freed");
}

static void reach(struct object *o)
{
	for (; o && !o->reached; o = o->next)
		o->reached = true;
}

/* The object that holds an address, by the table; no one is dying. */
static struct object *holder(const char *address)
{
	for (struct object *o = object; o < object + OBJECTS; o++) {
		const char *from = (const char *)o->memory;
		if (from && address >= from &&
		    address < from + heap_span_of(&heap, from)->size)
			return o;
	}
	return NULL;
}

/* A word that looks like an address, somewhere in the heap. */
static void guess(struct marker *m, unsigned where)
{
	const char *address = heap.base + (size_t)where * (HEAP_PAGE / 32 - 8);
	struct object *o = holder(address);
	leave_check(mark_object(m, address) == (o != NULL), "an address is an object's, or is not");
	reach(o);
}

static void cycle(unsigned guesses)
{
	struct marker m;
	all_swept();
	for (unsigned i = 0; i < CACHES; i++)
		heap_flush(&heap, &cache[i]);
	for (struct object *o = object; o < object + OBJECTS; o++)
		o->reached = false;
	mark_begin(&m, &marking, &heap);
	leave_check(!mark_object(&m, &m), "an address outside is an object's");
	for (; guesses > 0; guesses--)
		guess(&m, next() << 5 | guesses);
	for (struct object *o = object; o < object + OBJECTS; o++)
		if (o->root && o->memory) {
			leave_check(mark_object(&m, o->memory + 1), "an object is none");
			reach(o);
		}
	mark_end(&m);
	mark_done(&heap);
	for (struct object *o = object; o < object + OBJECTS; o++)
		if (o->memory && !o->reached) {
			o->memory = NULL;
			o->next = NULL;
			o->dying = true;
		}
}

/* --- operations --- */

static void audit(void)
{
	struct heap_cache *const caches[CACHES + 1] = { &cache[0], &cache[1], NULL };
	struct heap_audit a = heap_audit(&heap, caches, CACHES + 1);
	leave_check(a.lost + a.twice + a.misplaced + a.bad_free == 0 &&
			    a.spans == a.in_sets + a.cached && a.pages == heap.in_use,
		    "the heap is not in order");
	leave_check(a.live == born - load_relaxed(&heap.freed), "another number of objects lives");
	leave_check(load_relaxed(&heap.written) == 0, "a free object is written to");
}

static void connect(struct object *from, struct object *to)
{
	if (!from->memory || !from->pointers || !to->memory)
		return;
	from->next = to;
	from->memory[0] = (uintptr_t)to->memory;
}

static void drop(bool many, struct object *o, unsigned every)
{
	if (!many)
		o->root = false;
	for (unsigned i = NAMED; many && i < OBJECTS; i += every)
		object[i].root = false;
}

/* Sweeps them where they are: who pops them finds them swept. */
static void ensure(bool many, struct object *o)
{
	for (struct object *i = many ? object : o; i < (many ? object + OBJECTS : o + 1); i++)
		if (i->memory)
			sweep_ensure(&heap, heap_span_of(&heap, i->memory));
}

static void step(void)
{
	unsigned what = next(), size = next(), more = what / 8;
	struct object *o = &object[size % NAMED];
	switch (what % 8) {
	case 0:
	case 1:
		allocate(o, more & 1, size > FAR ? (size - FAR) * 500 : 2 + next(), more & 2);
		break;
	case 2:
		connect(o, &object[more % NAMED]);
		break;
	case 3:
		drop(more & 1, o, 1 + more / 4);
		break;
	case 4:
		cycle(more % 4);
		break;
	case 5:
		for (unsigned n = 0; n <= more; n++)
			sweep_one(&heap);
		break;
	case 6:
		ensure(more & 1, o);
		look(o);
		break;
	default:
		if (more % 4 == 0)
			crowd(more & 1);
		else if (more % 4 == 1)
			heap_flush(&heap, &cache[size % CACHES]);
		else if (more % 4 == 2)
			pages_return(&heap);
		else
			audit();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEADER)
		return 0;
	memset(object, 0, sizeof object);
	memset(cache, 0, sizeof cache);
	serials = born = 0;
	at = data + HEADER;
	end = data + (size < STEPS ? size : STEPS);
	size_t bytes = (size_t)(8 + data[0] % 8 * 32) * HEAP_PAGE;
	size_t small = data[1] & 1 ? (data[1] & ~7u) * 8 : HEAP_SMALL;
	leave_check(heap_init(&heap, bytes, small, data[1] & 2 ? MANY : CACHES, data[1] & 4) == 0,
		    "a heap does not begin");
	marking_init(&marking);
	while (at < end)
		step();
	cycle(0);
	all_swept();
	for (struct object *o = object; o < object + OBJECTS; o++) {
		look(o);
		o->root = false;
	}
	audit();
	cycle(0);
	all_swept();
	leave_check(heap.in_use == 0, "an empty heap has pages in use");
	marking_end(&marking);
	heap_end(&heap);
	return 0;
}
