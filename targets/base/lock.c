#include "base/lock.h"

#include <errno.h>

enum { SPIN_ROUNDS = 4, SPIN_PAUSES = 30 };

/* Takes the mutex whose exchange found it `found` (held, perhaps with
 * sleepers). */
void mutex_lock_slow(mutex *m, uint32_t found)
{
	/* Whoever has slept must leave MUTEX_SLEEPERS behind: it cannot know
	 * whether it was the last sleeper. */
	uint32_t wanted = found;
	for (;;) {
		for (int round = 0; round <= SPIN_ROUNDS; round++) {
			/* relaxed: only a hint, the swap below decides */
			while (load_relaxed(&m->state) == MUTEX_FREE) {
				uint32_t seen = MUTEX_FREE;
				/* pairs with: mutex_unlock() exchange */
				if (cas_acquire(&m->state, &seen, wanted))
					return;
			}
			if (round == SPIN_ROUNDS)
				world_yield();
			else
				for (int i = 0; i < SPIN_PAUSES; i++)
					world_relax();
		}
		wanted = MUTEX_SLEEPERS;
		/* pairs with: mutex_unlock() exchange; a holder that unlocks
		 * after this sees the sleeper, one that unlocked before gave us
		 * the lock */
		if (exchange_acquire(&m->state, MUTEX_SLEEPERS) == MUTEX_FREE)
			return;
		world_futex_wait(&m->state, MUTEX_SLEEPERS, -1);
	}
}

/* Wakes one of the sleepers. An unlock of what nobody holds is fatal, as in Go.
 */
void mutex_unlock_slow(mutex *m, uint32_t found)
{
	if (found == MUTEX_FREE)
		world_fatal("unlock of a lock that is free");
	world_futex_wake(&m->state, 1);
}

void note_clear(note *n)
{
	/* relaxed: whoever clears a note has already ordered its users */
	store_relaxed(&n->key, 0);
}

void note_wakeup(note *n)
{
	/* pairs with: note_sleep() load — all that the waker wrote before */
	if (exchange_release(&n->key, 1) != 0)
		world_fatal("note woken twice");
	world_futex_wake(&n->key, 1);
}

void note_sleep(note *n)
{
	/* pairs with: note_wakeup() exchange */
	while (load_acquire(&n->key) == 0)
		world_futex_wait(&n->key, 0, -1);
}

bool note_sleep_for(note *n, int64_t ns)
{
	int64_t end = world_now() + ns;
	/* pairs with: note_wakeup() exchange */
	while (load_acquire(&n->key) == 0) {
		int64_t left = end - world_now();
		if (left <= 0)
			return false;
		world_futex_wait(&n->key, 0, left);
	}
	return true;
}
