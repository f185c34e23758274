/* One thread and a span set, against a table of what is in it: an item comes
 * out once, and nothing comes out of an empty set. No block is ever lost. */
/* links: targets/spanset/[a-z]*.c targets/base/lock.c stress/world.c */
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "spanset/spanset.h"

enum { ITEMS = 512, SHIFTS = 4, PUSH_MORE = 7 };

struct subject {
	struct span_memory memory;
	struct span_pool pool;
	struct span_set set;
	char item[ITEMS];
	bool in[ITEMS];
	unsigned pushed, count;
};

static void push(struct subject *s)
{
	if (s->pushed == ITEMS)
		return;
	s->in[s->pushed] = true;
	s->count++;
	span_push(&s->set, &s->item[s->pushed++]);
}

static void pop(struct subject *s)
{
	char *item = span_pop(&s->set);
	if (s->count == 0) {
		leave_check(!item, "an item from an empty set");
		return;
	}
	size_t i = item - s->item;
	leave_check(item && i < ITEMS && s->in[i], "an item that is not in the set");
	s->in[i] = false;
	s->count--;
}

static void drain(struct subject *s)
{
	while (s->count > 0)
		pop(s);
	pop(s);
	span_reset(&s->set);
}

/* Where blocks come from elsewhere: not empty, so that it is seen whether they
 * are emptied. */
static void *born[ITEMS];
static unsigned births;

static void *birth(size_t align, size_t bytes)
{
	void *b = aligned_alloc(align, bytes);
	leave_check(b && births < ITEMS, "more blocks than items");
	memset(b, 0xa5, bytes);
	return born[births++] = b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subject s;
	struct span_set *all = &s.set;
	if (size == 0)
		return 0;
	memset(&s, 0, sizeof s);
	span_memory_init(&s.memory, NULL, 0);
	s.memory.birth = data[0] & 128 ? birth : NULL;
	span_pool_init(&s.pool, &s.memory, 1u << data[0] % SHIFTS, data[0] & 64);
	span_set_init(&s.set, &s.pool, 1 + data[0] / SHIFTS % 4);
	for (size_t i = 1; i < size; i++) {
		unsigned more = data[i] >> 3 & PUSH_MORE;
		switch (data[i] % 8) {
		case 0:
			drain(&s);
			break;
		case 1:
		case 2:
		case 3:
			for (unsigned n = 0; n <= more; n++)
				pop(&s);
			break;
		default:
			for (unsigned n = 0; n <= more; n++)
				push(&s);
		}
	}
	struct span_block *known[ITEMS];
	struct span_audit a = span_audit(&s.pool, &all, 1);
	leave_check(a.leaked == 0 && span_early(&a) == 0, "a block is leaked or freed early");
	leave_check(a.allocated > ITEMS || span_known(&s.pool, &all, 1, known) == a.allocated,
		    "a block is unknown, or known twice");
	span_memory_end(&s.memory);
	while (births > 0)
		free(born[--births]);
	return 0;
}
