/* A target of the tests: it does what only a sanitizer can see.
 *
 *   BUG_UNLOCKED     two actors write a plain field without the lock
 *   BUG_UNSAID       the same, and no case says so
 *   BUG_FREED_EARLY  reads memory after it was freed
 *   BUG_LEAKS        forgets memory
 *   BUG_OVERFLOWS    a sum of signed numbers that has no result
 *   BUG_STRAYS       writes where no memory is, though faults are handled
 */
#include "sanitized/planted.h"

#include <limits.h>
#include <stdlib.h>

static void note_last(struct plot *p, long who)
{
	p->last = who; /* planted: race */
}

#ifdef BUG_FREED_EARLY
static void use_freed(struct slot *me)
{
	char *volatile memory = malloc(16);
	free(memory); /* planted: free */
	me->got[0] = memory[3]; /* planted: use */
}
#endif

#ifdef BUG_LEAKS
static void leak(void)
{
	char *volatile memory = malloc(40); /* planted: leak */
	memory[0] = 1;
	memory = NULL;
}
#endif

#ifdef BUG_STRAYS
static const char *nothing_to_explain(const void *address)
{
	(void)address;
	return NULL;
}
#endif

void plot_visit(struct plot *p, long who, struct slot *me)
{
	(void)me;
	mutex_lock(&p->lock);
	p->visits++;
#if defined BUG_UNLOCKED || defined BUG_UNSAID
	mutex_unlock(&p->lock);
	note_last(p, who);
#else
	note_last(p, who);
	mutex_unlock(&p->lock);
#endif
#ifdef BUG_FREED_EARLY
	use_freed(me);
#endif
#ifdef BUG_LEAKS
	leak();
#endif
#ifdef BUG_OVERFLOWS
	volatile int most = INT_MAX;
	me->got[0] = most + 1; /* planted: overflow */
#endif
#ifdef BUG_STRAYS
	char *volatile nowhere = (char *)64;
	if (who == 1) {
		world_small_stacks(nothing_to_explain);
		*nowhere = 1; /* planted: stray */
	}
#endif
}
