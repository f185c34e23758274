/* A target of the tests: it fails in every way that the engine must tell apart.
 *
 *   BUG_NOBODY_WAKES  two goroutines park and nobody is left: lost_wakeup
 *   BUG_THROWS        the target's own throw, with a lock held that a peer wants
 *   BUG_CRASHES       a signal ends the child
 *   BUG_HANGS         a round never ends
 *   BUG_UNLISTED      an outcome that no list has
 *   BUG_WRONG_CLASS   fails, but not as its expectation says
 */
#include "subject/broken.h"

static bool commit(struct g *g, void *arg)
{
	/* pairs with: pair_wake() */
	store_release((wordptr *)arg, (uintptr_t)g);
	return true;
}

void pair_sleep(struct pair *p, int side)
{
	runtime->park(commit, &p->sleeper[side]);
}

void pair_wake(struct pair *p)
{
	for (int side = 0; side < 2; side++) {
		/* pairs with: commit() */
		while (load_acquire(&p->sleeper[side]) == 0)
			world_relax();
#ifndef BUG_NOBODY_WAKES
		/* pairs with: commit() */
		runtime->ready((struct g *)load_acquire(&p->sleeper[side]));
#endif
	}
}

void pair_count(struct pair *p)
{
	mutex_lock(&p->lock);
	p->count++;
#ifdef BUG_THROWS
	if (p->count == 1)
		world_fatal("the first one throws");
#endif
#ifdef BUG_CRASHES
	__builtin_trap();
#endif
#ifdef BUG_HANGS
	for (;;)
		__asm__ volatile("");
#endif
	mutex_unlock(&p->lock);
}
