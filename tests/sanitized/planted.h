#ifndef SANITIZED_PLANTED_H
#define SANITIZED_PLANTED_H

#include "base/case.h"
#include "base/lock.h"

struct plot {
	mutex lock;
	long visits;
	long last; /* who came last: 0 or 1 */
};

/* Counts a visit, and does wrong what the variant's switch says. */
void plot_visit(struct plot *p, long who, struct slot *me);

#endif
