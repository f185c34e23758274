#include "machines.h"

#include <stdio.h>

#include "memory/model.h"
#include "search/search.h"

enum { EXECUTIONS = 1000 }; /* a model */

static bool shows(enum failure f)
{
	struct run run;
	search = &mixed_search;
	random_seed(1);
	pct_seed(1, 0);
	pos_seed(1);
	for (uint64_t n = 0; n < EXECUTIONS; n++) {
		search->begin(n);
		runner_run(&run);
		if (run.failure == f)
			return true;
	}
	return false;
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
	unsigned models = q->model_bit;
	if (f == DATA_RACE)
		return "any machine: C leaves a race undefined";
	for (unsigned i = 0; i < MODEL_COUNT; i++) {
		enum model bit;
		if (models & SC)
			break;
		model = model_named(model_text(i), &bit);
		if (!(models & bit) && shows(f))
			models |= bit;
	}
	model = q->model;
	return machines_of(models);
}
