/* One run of one case: children in phases, then a verdict on what this run
 * alone shows. */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include "engine/child.h"
#include "engine/hardware.h"

/* Who this binary is; the build makes it (stress/identity.c). */
struct identity {
	const char *target, *variant, *lane, *build_id, *compiler, *flags;
};

extern const struct identity identity;

struct options {
	const char *program; /* as started, for the replay command */
	const char *case_name, *storm_name, *pin, *placement, *env, *layout;
	double seconds, patience;
	uint64_t seed, until_hits, until_ops;
	unsigned children;    /* 0: as the kind of run wants it */
	unsigned descriptors; /* of a storm; 0: as many as it likes */
	bool no_aim, json;
};

enum exit_code {
	EXIT_EXPECTED = 0,
	EXIT_UNEXPECTED = 1,
	EXIT_ENGINE = 2,
	EXIT_USAGE = 64,
	EXIT_SKIPPED = 77
};

/* Whether this lane on this hardware can show what is expected. */
bool lane_shows(const struct expectation *e);
/* Whether this variant must show failure f of this case in this lane on this
 * hardware. Under a sanitizer that holds for what interleaving alone shows; a
 * data race must show where a detector looks for it. */
bool must_show(const struct test_case *t, enum failure f);
/* Whether it must show any. */
bool must_show_any(const struct test_case *t);
/* Whether it may: what must show, and in a sanitizer's lane, whose own work
 * keeps most reorderings from happening, what must show without it. */
bool may_show(const struct test_case *t, enum failure f);

struct verdict {
	const char *text;
	int expected; /* 1 true, 0 false, -1 null */
	enum exit_code code;
};

/* What the run alone proves. */
struct verdict run_verdict(const struct test_case *t, const struct result *r);
/* Runs a case and reports it on stdout. Returns the process's exit code. */
int run_case(const struct options *o);
/* Parts of a result's JSON object that cases and storms share: "pin",
 * "hits". */
void report_pins(const struct options *o, const struct pin_plan *pins);
void report_hits(const struct result *r);
/* "first_hit_s"; and what ends the object, from "verdict" on. */
void report_first_hit(const struct result *r);
void report_end(struct verdict v, const char *replay);
/* The lines of hits for people; ns: over which they came. */
void report_hit_lines(const struct result *r, int64_t ns);
/* The part of a replay command that says where the threads sat. */
void report_replay_pins(const struct pin_plan *pins, char *text, size_t size);
/* Writes the result as one JSON object on stdout, or as lines for people. */
void run_report(const struct options *o, const struct subject *s, const struct result *r,
		bool json);

#endif
