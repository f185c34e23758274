#include "machines.h"

#include <stdio.h>
#include <string.h>

#include "memory/model.h"
#include "search/search.h"

enum { RANDOM_EXECUTIONS = 1000, ALL_EXECUTIONS = 20000 }; /* a model */

enum shows { NO, YES, NOT_SEEN };

/* Runs the search in force. NO: it ended by itself, without a finding of that
 * class. */
static enum shows searched(enum failure f, uint64_t most)
{
	struct run run;
	uint64_t n = 0;
	do {
		if (n == most)
			return NOT_SEEN;
		search->begin(n++);
		runner_run(&run);
		if (!run.redundant && run.failure == f)
			return YES;
	} while (search->next());
	return NO;
}

/* whole: runs of a whole runtime are too long to exhaust. */
static enum shows shows(enum failure f, bool whole)
{
	random_seed(1);
	pct_seed(1, 0);
	pos_seed(1);
	search = &mixed_search;
	if (searched(f, RANDOM_EXECUTIONS) == YES)
		return YES;
	if (whole)
		return NOT_SEEN;
	uint64_t cuts = sim.cuts;
	budget_start(-1, -1, NULL);
	dfs_start(SOURCE_SETS);
	search = &dfs_search;
	enum shows all = searched(f, ALL_EXECUTIONS);
	return all == NO && sim.cuts != cuts ? NOT_SEEN : all;
}

const char *machines_of(unsigned models)
{
	static char text[120];
	const char *arm = models & ARMV8_LSE	     ? "ARM64" :
			  models & ARMV8	     ? "ARM64, LL/SC builds only: an LSE build "
						       "hides it" :
			  models & ARMV8_LSE_RCPC ? "ARM64 with RCpc" :
			  models & ARMV8_RCPC	     ? "ARM64 with RCpc, LL/SC builds only" :
						       NULL;
	if (models & SC)
		return "any machine";
	if (models & TSO && models & ARMV8_LSE)
		return "x86 and ARM64";
	if (models & TSO && !arm)
		return "x86";
	if (models & TSO) {
		snprintf(text, sizeof text, "x86; %s", arm);
		return text;
	}
	if (arm)
		return arm;
	if (models & C11)
		return "C11 only: portable code must not rely on it";
	return "only where a model's option allows it: no machine is known to do it";
}

const char *machines_text(const struct request *q, enum failure f)
{
	static char text[400];
	char unsure[120] = "";
	unsigned models = q->model_bit;
	if (f == DATA_RACE)
		return "any machine: C leaves a race undefined";
	for (unsigned i = 0; i < MODEL_COUNT; i++) {
		enum model bit;
		if (models & SC)
			break;
		model = model_named(model_text(i), &bit);
		enum shows answer = models & bit ? YES : shows(f, q->test->whole);
		models |= answer == YES ? bit : 0;
		size_t used = strlen(unsure);
		if (answer == NOT_SEEN)
			snprintf(unsure + used, sizeof unsure - used, "%s%s", used ? ", " : "",
				 model_text(i));
	}
	model = q->model;
	snprintf(text, sizeof text, *unsure ? "%s (not seen in %d executions, which is no proof: "
					      "%s)" : "%s",
		 machines_of(models),
		 RANDOM_EXECUTIONS + (q->test->whole ? 0 : ALL_EXECUTIONS), unsure);
	return text;
}
