/* One thread and a few stacks, against what is on them: what is in use survives
 * every move, a stack has the size that it should, and all memory is counted.
 *
 * The first byte says how many windows are reserved together; where that is
 * more than there are addresses, none opens.
 */
/* links: targets/sched/stack.c targets/base/lock.c stress/world.c */
#include <errno.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "sched/stack.h"

enum {
	STACKS = 8,
	CROWD = 600,                 /* closed at once: more than a table's first room */
	CROWDS = 2,                  /* of an input */
	PARTS = 8,                   /* of a smallest backing, to push */
	MOST = 16 * STACK_MARGIN,
};
#define TOO_MANY ((size_t)1 << 40)

static struct stacks all;
static struct held {
	struct gstack s;
	size_t size, used;
	uint64_t content;
} held[STACKS];
static struct gstack crowd[CROWD];
static unsigned crowds;
static uint64_t contents;
static size_t kept;              /* windows with backing, closed */
static bool none;

static char *sp_of(const struct held *h)
{
	return h->s.top - h->used;
}

static void write_from(struct held *h, size_t used)
{
	for (uint64_t *word = (uint64_t *)(void *)sp_of(h);
	     word < (uint64_t *)(void *)(h->s.top - used); word++)
		*word = h->content ^ (uintptr_t)word;
}

static void look(const struct held *h)
{
	bool same = (size_t)(h->s.top - h->s.low) == h->size;
	leave_check(same, "a stack has another size");
	for (uint64_t *word = (uint64_t *)(void *)sp_of(h);
	     same && word < (uint64_t *)(void *)h->s.top; word++)
		same = *word == (h->content ^ (uintptr_t)word);
	leave_check(same, "what is on a stack is not what was there");
}

static void open_stack(struct held *h)
{
	if (h->s.top)
		return;
	int error = stack_open(&all, &h->s);
	leave_check(error == (none ? -ENOMEM : 0), "another answer to opening a stack");
	if (error != 0)
		return;
	kept -= kept > 0;
	h->size = all.least;
	h->used = 0;
	h->content = ++contents;
}

static void close_stack(struct held *h)
{
	if (!h->s.top)
		return;
	look(h);
	stack_close(&h->s);
	leave_check(!stack_overflowed(&h->s, &all), "a closed stack overflows");
	kept++;
}

static void push(struct held *h, unsigned parts)
{
	if (!h->s.top)
		return;
	size_t bytes = all.least / PARTS * parts, size = h->size, used = h->used;
	size_t wanted = used + bytes + STACK_MARGIN;
	leave_check(stack_has(&h->s, sp_of(h), bytes) == (wanted <= size),
		    "a stack has room, or has none");
	while (size < wanted)
		size *= 2;
	/* Also where there is room: nothing happens then. */
	int error = stack_grow(&h->s, sp_of(h), bytes);
	leave_check(error == (size > MOST ? -EOVERFLOW : 0), "another answer to growing a stack");
	h->size = error ? h->size : size;
	look(h);
	if (error == 0) {
		h->used += bytes;
		write_from(h, used);
	}
}

static void pop(struct held *h, unsigned parts)
{
	size_t bytes = all.least / PARTS * parts;
	h->used -= bytes < h->used ? bytes : h->used;
}

static void shrink(struct held *h)
{
	if (!h->s.top)
		return;
	bool shrinks = h->size > all.least && h->used < h->size / 4;
	leave_check(stack_shrink(&h->s, sp_of(h)) == shrinks, "a stack shrinks, or does not");
	h->size /= shrinks ? 2 : 1;
	look(h);
}

static void trim(size_t keep)
{
	size_t wanted = kept > keep ? kept - keep : 0;
	leave_check(stacks_trim(&all, keep) == wanted, "another number of windows is trimmed");
	kept -= wanted;
}

static void come_and_go(void)
{
	if (none || crowds++ == CROWDS)
		return;
	for (unsigned i = 0; i < CROWD; i++)
		leave_check(stack_open(&all, &crowd[i]) == 0, "a stack of many does not open");
	for (unsigned i = 0; i < CROWD; i++)
		stack_close(&crowd[i]);
	kept = kept > CROWD ? kept : CROWD;
}

/* Below what has backing, as far as the window goes, and nowhere else. */
static void overflow(const struct held *h, unsigned where)
{
	if (!h->s.top)
		return;
	size_t below = where < 3 ? h->size - 1 + where : stack_window(&h->s) + 1;
	leave_check(stack_overflowed(&h->s, h->s.top - below) ==
			    (below > h->size && below <= stack_window(&h->s)),
		    "an address overflows a stack, or does not");
}

static void step(unsigned what)
{
	struct held *h = &held[what / 8 % STACKS];
	unsigned more = what / 8 / STACKS;
	switch (what % 8) {
	case 0:
		open_stack(h);
		break;
	case 1:
		close_stack(h);
		break;
	case 2:
		push(h, 1 + more);
		break;
	case 3:
		push(h, PARTS * (1 + more));
		break;
	case 4:
		pop(h, 1 + more * PARTS);
		break;
	case 5:
		shrink(h);
		break;
	case 6:
		overflow(h, more);
		break;
	default:
		if (more == 3)
			come_and_go();
		else
			trim((what / 8 % STACKS) * more);
	}
}

static void compare(void)
{
	size_t bytes = kept * all.least;
	for (unsigned i = 0; i < STACKS; i++)
		bytes += held[i].s.top ? held[i].size : 0;
	leave_check(stacks_held(&all) == bytes, "stacks hold another number of bytes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	memset(held, 0, sizeof held);
	kept = crowds = 0;
	contents = 0;
	none = data[0] == 0xff;
	stacks_init(&all, MOST, none ? TOO_MANY : 1u + data[0] % 16);
	leave_check(all.most == MOST, "another size is the most");
	for (size_t i = 1; i < size; i++) {
		step(data[i]);
		compare();
	}
	for (unsigned i = 0; i < STACKS; i++)
		close_stack(&held[i]);
	compare();
	stacks_end(&all);
	return 0;
}
