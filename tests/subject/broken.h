#ifndef SUBJECT_BROKEN_H
#define SUBJECT_BROKEN_H

#include "base/case.h"
#include "base/lock.h"

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

#endif
