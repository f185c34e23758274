#ifndef SUBJECT_BROKEN_H
#define SUBJECT_BROKEN_H

#include "base/case.h"
#include "base/lock.h"

enum { PAIR_LOOKS = 200, PAIR_WORK = 50000 };

struct pair {
	mutex lock;
	long count;
	wordptr sleeper[2];
};

/* Parks until pair_wake(). side: 0 or 1. */
void pair_sleep(struct pair *p, int side);
/* Waits until both sleep, and wakes them. */
void pair_wake(struct pair *p);
/* Counts under the lock. */
void pair_count(struct pair *p);
/* The same, and works there for longer than a peer waits in vain. */
void pair_hold(struct pair *p);
/* Spins until the other side is there too; turn: world_relax or world_yield. */
void pair_meet(struct pair *p, int side, void (*turn)(void));

#endif
