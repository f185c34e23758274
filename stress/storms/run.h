/* One run of one storm: slices, and what they prove. */
#ifndef STORMS_RUN_H
#define STORMS_RUN_H

#include "engine/run.h"
#include "storms/storm.h"

/* What slices and their parent share, besides the engine's result. */
struct storm_shared {
	struct result *result;
	struct storm_counts counts;
	word32 stop; /* 0 -> 1: the slice is to end */
	uint32_t slice;
	uint64_t until_hits; /* ends the run after so many that count; 0: never */
	uint64_t counted;
	bool counts_as_hit[FAILURE_COUNT]; /* the promised classes, or all */
	uint32_t stride, skipped; /* one sample in `stride` is kept */
	uint32_t samples;
	struct storm_sample sample[STORM_SAMPLES];
	int64_t ns; /* spent in slices */
};

/* Whether this variant must, or may, show failure f in this storm here. */
bool storm_must(const struct storm *s, enum failure f);
bool storm_may(const struct storm *s, enum failure f);
struct verdict storm_verdict(const struct storm *s, const struct storm_shared *shared);
/* All operations of all kinds. */
uint64_t storm_ops(const struct storm_counts *c);
/* Runs o->storm_name and reports it on stdout. Returns the process's exit code.
 */
int run_storm(const struct options *o);
/* Writes one line per storm, or one JSON object. */
void list_storms(bool json);
/* Writes the result as one JSON object, or as lines for people. */
void storm_report(const struct options *o, const struct storm *s,
		  const struct storm_shared *shared);

#endif
