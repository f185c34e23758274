/* A target of the tests: it fails in every way that the engine must tell apart.
 *
 *   BUG_NOBODY_WAKES  two goroutines park and nobody is left: lost_wakeup
 *   BUG_NOBODY_SETS   two spin for what the other one sets: lost_item
 *   BUG_KEEPS_LOCK    a lock that is never given back: deadlock
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
#ifndef BUG_KEEPS_LOCK
	mutex_unlock(&p->lock);
#endif
}

void pair_meet(struct pair *p, int side, void (*turn)(void))
{
	/* Who looks for long, but not for ever, is let be. */
	for (int look = 0; look < PAIR_LOOKS; look++)
		world_relax();
#ifndef BUG_NOBODY_SETS
	/* pairs with: below, the other side */
	store_release(&p->sleeper[side], 1);
#endif
	/* pairs with: above, the other side */
	while (load_acquire(&p->sleeper[!side]) == 0)
		turn();
}

void pair_hold(struct pair *p)
{
	mutex_lock(&p->lock);
	for (volatile int work = 0; work < PAIR_WORK; work++)
		;
	p->count++;
	mutex_unlock(&p->lock);
}
