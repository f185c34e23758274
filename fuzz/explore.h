/* Exploring one case under one model: which executions are run, what they
 * showed, and the verdict on that.
 */
#ifndef FUZZ_EXPLORE_H
#define FUZZ_EXPLORE_H

#include "memory/race.h"
#include "runner.h"

enum search_kind { AUTO, RANDOM, PCT, POS, DFS, DPOR, SEARCHES };
/* As the command line and the results name them. */
extern const char *const search_names[SEARCHES];

struct request {
	const struct test_case *test;
	const struct memory_model *model;
	enum model model_bit;
	enum search_kind search;
	uint64_t executions;  /* at most; 0: no limit */
	double seconds;       /* at most */
	uint64_t seed;
	unsigned depth;       /* PCT's, 1 .. 3; 0: each in turn */
	int64_t preemptions, stale; /* bounds of an execution; < 0: none */
	bool sleep_sets;
	bool shrink;
	unsigned jobs;        /* processes that share the search */
	const char *resume;   /* its file, or NULL */
};

struct finding {
	struct run run;
	struct race race;     /* if it is one */
	bool blind;           /* nobody looked for data races: there may be one before it */
	unsigned choices;
	uint8_t choice[MAX_CHOICES];
};

struct result {
	uint64_t executions;  /* run to their end */
	uint64_t pruned;      /* broken off by sleep sets: equivalent to others */
	uint64_t cut;         /* choices that a limit or bound took away */
	uint64_t steps;       /* decisions and forced steps, of all */
	uint64_t hits[FAILURE_COUNT];
	uint64_t outcomes[MAX_OUTCOMES];
	uint64_t told[MAX_OUTCOMES]; /* each message that has an outcome */
	bool exhausted, bounded;
	bool ended;           /* by itself: all within the bounds was run */
	uint64_t largest_share; /* executions of the busiest process */
	int interrupted;      /* by that signal; 0: not */
	double elapsed;       /* seconds */
	double first_hit_s;   /* < 0: none */
	uint64_t first_hit_execution; /* from 1; 0: none */
	bool found;
	struct finding finding; /* of the expected class if there is one */
	unsigned shrunk_from;   /* choices before shrinking */
};

/* Verdicts, as STATS has them. */
enum verdict { CAUGHT, NOT_CAUGHT, QUIET_AS_EXPECTED, UNEXPECTED_HIT, CLEAN, REFUTED, WRONG_CLASS };

/* Puts q's random search in force, within its budgets if there are any; the
 * mixed one where q says AUTO. */
void explore_random(const struct request *q);
/* Explores. */
void explore(const struct request *q, struct result *r);
/* Of a random search, in force, that q->jobs share: executions number `first`,
 * first + q->jobs and so on below q->executions, added to *r, until one ends
 * it. go_on (or NULL) is asked before each, with its number. */
void explore_samples(const struct request *q, unsigned first, struct result *r,
		     bool (*go_on)(const struct request *, uint64_t));
/* Whether what was found ends a random search. */
bool explore_ends(const struct request *q, const struct result *r);
/* Of an exhaustive search that several share: goes on with the piece that
 * dfs_take() got, and adds to *r. go_on is asked before each execution.
 * Returns false if it ended early. */
bool explore_piece(const struct request *q, struct result *r,
		   bool (*go_on)(const struct request *, uint64_t));
/* Runs these choices once more, blind if f->blind; the finding, if any, in *f.
 * Returns how many of them did not fit the code. */
unsigned explore_replay(const uint8_t *choices, unsigned n, struct finding *f);
/* Makes f's choices fewer and more ordinary while the class stays the same; at
 * most `budget` executions. f is a run of its choices again afterwards. */
void explore_shrink(struct finding *f, unsigned budget);

/* The classes with which this variant must be caught under the model: bit per
 * class. */
uint32_t expected_classes(const struct test_case *c, const char *variant, enum model m);
enum verdict verdict_of(const struct request *q, const struct result *r);
const char *verdict_text(enum verdict v);
/* Whether the verdict is as the case expects. */
bool verdict_expected(enum verdict v);

#endif
