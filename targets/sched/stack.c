#include "sched/stack.h"

#include <errno.h>
#include <string.h>

#include "base/world.h"

/* More than any frame that is not asked for. */
enum { GUARD = 64 << 10, FIRST_ROOM = 512 };

/* Its own first page holds it; the windows follow. */
struct stack_region {
	struct stack_region *older;
	size_t bytes;
};

static void count(word64 *figure, uint64_t n)
{
	/* relaxed: a figure */
	fetch_add_relaxed(figure, n);
}

static size_t backing(const struct gstack *s)
{
	return (size_t)(s->top - s->low);
}

/* --- windows --- */

void stacks_init(struct stacks *all, size_t most, size_t at_once)
{
	memset(all, 0, sizeof *all);
	all->least = world_page();
	while (all->least < 2 * (size_t)STACK_MARGIN)
		all->least *= 2;
	all->most = all->least;
	while (all->most < most)
		all->most *= 2;
	/* unreached: no x86 has pages larger than the guard */
	all->window = all->most + (all->least > GUARD ? all->least : GUARD);
	all->at_once = at_once;
}

void stacks_end(struct stacks *all)
{
	/* relaxed: nobody else is there */
	if (load_relaxed(&all->open) != 0)
		world_fatal("stacks end while one is open");
	if (all->bare_room)
		world_unmap(all->bare, all->bare_room * sizeof *all->bare);
	while (all->regions) {
		struct stack_region *r = all->regions;
		all->regions = r->older;
		world_unmap(r, r->bytes);
	}
}

uint64_t stacks_held(const struct stacks *all)
{
	/* relaxed: figures; exact where nobody opens or moves a stack */
	return load_relaxed(&all->taken) - load_relaxed(&all->released);
}

/* Reserves more windows. Lock held. Returns 0 or -ENOMEM. */
static int add_region(struct stacks *all)
{
	size_t page = world_page(), bytes = page + all->at_once * all->window;
	struct stack_region *r = world_reserve(bytes);
	if (!r)
		return -ENOMEM;
	if (world_commit(r, page) != 0) {
		world_unmap(r, bytes);
		return -ENOMEM;
	}
	r->older = all->regions;
	r->bytes = bytes;
	all->regions = r;
	all->next = (char *)r + page;
	all->end = (char *)r + bytes;
	return 0;
}

/* Of a free window, by its top: where the next one's stands. */
static char **next_of(char *top)
{
	return (char **)(top - sizeof(char *));
}

/* The top of a window without backing; NULL: none left. Lock held. */
static char *bare_window(struct stacks *all)
{
	if (all->bares > 0)
		return all->bare[all->bares - 1];
	if (all->next == all->end && add_region(all) != 0)
		return NULL;
	return all->next + all->window;
}

/* The one that bare_window() has shown has backing now. Lock held. */
static void drop_bare(struct stacks *all)
{
	if (all->bares > 0)
		all->bares--;
	else
		all->next += all->window;
	count(&all->taken, all->least);
}

/* Takes the last closed of the windows with backing, of which there is one; its
 * top. Lock held. */
static char *take_free(struct stacks *all)
{
	char *top = all->free, *next = *next_of(top);
	all->free = next;
	all->frees--;
	return top;
}

/* Takes a window. Returns the top of its backing, NULL: none left. */
static char *take(struct stacks *all)
{
	char *top;
	mutex_lock(&all->lock);
	if (all->free) {
		top = take_free(all);
	} else if ((top = bare_window(all))) {
		if (world_commit(top - all->least, all->least) == 0)
			drop_bare(all);
		else
			top = NULL;
	}
	mutex_unlock(&all->lock);
	return top;
}

/* Lock held. */
static void add_bare(struct stacks *all, char *top)
{
	if (all->bares == all->bare_room) {
		size_t room = all->bare_room ? 2 * all->bare_room : FIRST_ROOM;
		char **more = world_map(room * sizeof *more);
		if (all->bare_room) {
			memcpy(more, all->bare, all->bares * sizeof *more);
			world_unmap(all->bare, all->bare_room * sizeof *more);
		}
		all->bare = more;
		all->bare_room = room;
	}
	all->bare[all->bares++] = top;
}

size_t stacks_trim(struct stacks *all, size_t keep)
{
	size_t n = 0;
	for (bool more = true; more; n += more) {
		mutex_lock(&all->lock);
		more = all->frees > keep;
		if (more) {
			char *top = take_free(all);
			world_decommit(top - all->least, all->least);
			add_bare(all, top);
		}
		mutex_unlock(&all->lock);
	}
	count(&all->released, n * all->least);
	return n;
}

int stack_open(struct stacks *all, struct gstack *s)
{
	char *top = take(all);
	if (!top)
		return -ENOMEM;
	*s = (struct gstack){ .low = top - all->least, .top = top, .all = all };
	/* relaxed: a figure until stacks_end(), which is alone */
	fetch_add_relaxed(&all->open, 1);
	return 0;
}

/* Takes away what a backing has below its upper `keep` bytes. */
static void release_below(struct gstack *s, size_t keep)
{
	if (backing(s) <= keep)
		return;
	size_t bytes = backing(s) - keep;
	world_decommit(s->low, bytes);
	s->low += bytes;
	/* relaxed: a figure */
	fetch_add_relaxed(&s->all->released, bytes);
}

void stack_close(struct gstack *s)
{
	struct stacks *all = s->all;
	release_below(s, all->least);
	mutex_lock(&all->lock);
	*next_of(s->top) = all->free;
	all->free = s->top;
	all->frees++;
	mutex_unlock(&all->lock);
	s->low = s->top = NULL;
	/* relaxed: as in stack_open() */
	fetch_add_relaxed(&all->open, UINT32_MAX);
}

/* --- moves --- */

/* Word by word where AddressSanitizer watches: the frames that are copied have
 * red zones, which no library function may read. */
#ifdef CONTEXT_ASAN
__attribute__((no_sanitize("address", "undefined")))
#endif
static void copy_words(uint64_t *to, const uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++) {
#ifdef CONTEXT_ASAN
		__asm__ volatile("" ::: "memory");
#endif
		to[i] = from[i];
	}
}

void *stack_copy(const struct gstack *s, const void *sp, size_t bytes)
{
	size_t used = stack_used(s, sp);
	char *fresh = world_map(bytes);
	copy_words((uint64_t *)(fresh + bytes - used), sp, used / sizeof(uint64_t));
	return fresh;
}

bool stack_exchange(struct gstack *s, void *copy, size_t bytes)
{
	if (world_move(copy, s->top - bytes, bytes) != 0) {
		world_unmap(copy, bytes);
		return false;
	}
	release_below(s, bytes);
	/* What is left of the old one has been replaced. */
	count(&s->all->released, backing(s));
	s->low = s->top - bytes;
	/* relaxed: figures, both */
	fetch_add_relaxed(&s->all->taken, bytes);
	fetch_add_relaxed(&s->all->moves, 1);
	return true;
}

int stack_grow(struct gstack *s, const void *sp, size_t bytes)
{
	size_t size = backing(s), wanted = stack_used(s, sp) + bytes + STACK_MARGIN;
	while (size < wanted && size < s->all->most)
		size *= 2;
	if (size < wanted)
		return -EOVERFLOW;
	if (size == backing(s))
		return 0;
	return stack_exchange(s, stack_copy(s, sp, size), size) ? 0 : -ENOMEM;
}

size_t stack_wanted(const struct gstack *s, const void *sp)
{
	size_t size = backing(s);
	bool shrinks = size > s->all->least && stack_used(s, sp) < size / 4;
	return shrinks ? size / 2 : size;
}

/* The scheduler makes the copy before it takes the status: for tests. */
bool stack_shrink(struct gstack *s, const void *sp)
{
	size_t wanted = stack_wanted(s, sp);
	return wanted != backing(s) && stack_exchange(s, stack_copy(s, sp, wanted), wanted);
}

/* --- for whoever looks on --- */

char *stack_base(const struct gstack *s)
{
	return s->top - s->all->window;
}

size_t stack_window(const struct gstack *s)
{
	return s->all->window;
}

bool stack_overflowed(const struct gstack *s, const void *address)
{
	const char *at = address;
	return s->top && at >= stack_base(s) && at < s->low;
}
