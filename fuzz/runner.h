/* One execution of one case: prepare, run the actors, judge.
 */
#ifndef FUZZ_RUNNER_H
#define FUZZ_RUNNER_H

#include "memory/race.h"
#include "sim.h"

struct run {
	bool redundant;       /* broken off: equivalent to an earlier one */
	enum failure failure; /* NO_FAILURE, or the class of the finding */
	int outcome;          /* the judge's, or -1 */
	unsigned sides;       /* places to show: of a race 2, of memory gone the later one */
	char detail[160];     /* of a finding, where the outcome's meaning does not say */
};

/* Sets up for that case, in place of the one before; the memory of state and
 * slots lives until the program ends. */
void runner_open(const struct test_case *c);
/* The one set up for, or NULL. */
const struct test_case *runner_case(void);
/* In a process forked after that: watches it too. */
void runner_watch(void);
/* Whether number n of the executions that a random search makes is bare: those
 * of a whole runtime are, under sc, but for one in 16. A schedule is as likely
 * to be among the watched ones as any other, and the rest are many times
 * faster. */
bool runner_bare(uint64_t n);
/* Runs it once, with the search, model and options in force. */
void runner_run(struct run *r);

/* What the trace names: the state's memory and the slots. */
const void *runner_state(void);
const struct slot *runner_slots(void);

#endif
