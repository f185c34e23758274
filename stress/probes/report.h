/* What a probe's run says: JSON for machines, a line for people. */
#ifndef PROBES_REPORT_H
#define PROBES_REPORT_H

#include "probes/crew.h"

struct probe_result {
	const struct probe *probe;
	const char *program, *lane, *build_id, *placement;
	bool perpetual;
	uint64_t seed;
	const struct pin_plan *plan;
	const struct tuning *tuning;
	struct tally tally; /* measured, with the tuning */
	struct tally all;   /* with the search for it */
	const char *skipped; /* the reason; NULL: it ran */
};

/* Whether the outcome needs no more than this machine's model permits. */
bool probe_allowed(const struct probe *p);
/* Rounds that no order of the model explains, the search's among them. */
uint64_t violations(const struct probe_result *r);
void report_probe(const struct probe_result *r, bool json);
/* The yardstick of one placement; ns NULL: skipped, for the reason. */
void report_transfer(const char *placement, const struct pin_plan *plan, const double ns[3],
		     const char *why, bool json);
void report_list(const struct probe *p, bool json);

#endif
