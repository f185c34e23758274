/* Futex mutex and one-shot note (RUNTIME: runtime2's mutex and note, after
 * Drepper, "Futexes Are Tricky", 2011, mutex 3).
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/order.h"
#include "base/world.h"

/* state: MUTEX_FREE -> MUTEX_HELD by the locker; MUTEX_HELD -> MUTEX_SLEEPERS
 * by a locker about to sleep; any -> MUTEX_FREE by the holder, which wakes one
 * sleeper if it found MUTEX_SLEEPERS. */
enum { MUTEX_FREE = 0, MUTEX_HELD = 1, MUTEX_SLEEPERS = 2 };

typedef struct { word32 state; } mutex;

void mutex_lock_slow(mutex *m, uint32_t found);
void mutex_unlock_slow(mutex *m, uint32_t found);

/* Makes it free, as one of zeroed memory is. */
static inline void mutex_init(mutex *m)
{
	word_init(&m->state, MUTEX_FREE);
}

static inline void mutex_lock(mutex *m)
{
	/* pairs with: mutex_unlock() exchange — all that the last holder wrote
	 */
	uint32_t found = exchange_acquire(&m->state, MUTEX_HELD);
	if (found != MUTEX_FREE)
		mutex_lock_slow(m, found);
}

static inline void mutex_unlock(mutex *m)
{
	/* pairs with: mutex_lock() exchange — all that this holder wrote */
	uint32_t found = exchange_release(&m->state, MUTEX_FREE);
	if (found != MUTEX_HELD)
		mutex_unlock_slow(m, found);
}

/* A note: one thread sleeps until another wakes it, once between two clears.
 * key: 0 -> 1 by note_wakeup (waking twice is fatal); -> 0 by note_clear. */
typedef struct { word32 key; } note; /* kept: in each kind of sleep alike */

void note_clear(note *n);
void note_wakeup(note *n);
void note_sleep(note *n);
/* Sleeps at most ns nanoseconds. Returns whether the note was woken. */
bool note_sleep_for(note *n, int64_t ns);

#endif
