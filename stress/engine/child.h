/* Children: one process per many blocks, watched, and killed with its group.
 *
 * A child works on a result in memory shared with its parent, so that what it
 * found is there even if it crashes in the next round.
 */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

#include "engine/aim.h"
#include "engine/pin.h"
#include "engine/round.h"

enum { MAX_CHILDREN = 512, MAX_FINDINGS = 8, FINDING_TEXT = 96 };

enum phase {
	PHASE_AIM,     /* looking for an environment */
	PHASE_FINAL,   /* the best of them once more, in several children */
	PHASE_PROFILE, /* sweeping the offset around it */
	PHASE_MEASURE  /* all blocks in one environment: the exposure */
};

struct tally {
	uint64_t rounds, near, hits;
	uint64_t blocks, hit_blocks, spoilt; /* spoilt blocks are among blocks */
	uint64_t sum_sq;                     /* of the hits per block */
	int64_t ns;
};

struct finding {
	enum failure failure;
	char outcome[FINDING_TEXT]; /* the outcome's name, or what happened */
	char message[FINDING_TEXT]; /* the target's fatal message */
	uint64_t round;
	uint32_t child;
	struct {
		uint32_t parks, aborts, stranded, status;
		long got[5];
	} slot[MAX_SLOTS];
	struct env env;
};

struct result {
	struct pin_plan pins;      /* the children note here where they sat */
	struct aim aim;
	struct env env;            /* what PHASE_MEASURE measures */
	word64 heartbeat;          /* rounds go by, for the parent's watch */
	uint64_t count[OUT_KINDS]; /* all rounds by outcome */
	uint64_t failures[FAILURE_COUNT];
	struct tally all;          /* every block */
	struct tally measured;     /* PHASE_MEASURE, without spoilt blocks */
	uint32_t children, measured_children;
	struct tally child[MAX_CHILDREN]; /* measured ones, without spoilt blocks */
	int64_t started;           /* world_now() of the first round; 0 before */
	int64_t first_hit;         /* ns after that; -1: none yet */
	uint32_t findings;
	struct finding finding[MAX_FINDINGS];
	char error[PIN_WHY];       /* why a child gave up: engine_error */
};

struct child_plan {
	/* What the child does; NULL: child_work(). */
	void (*work)(const struct child_plan *plan, struct result *r);
	const struct subject *subject;
	enum phase phase;
	int64_t ns;           /* how long to run */
	int64_t patience;     /* ns without a sign of life: a timeout */
	uint64_t until_hits;  /* stop after so many hits in all; 0: never */
	uint64_t seed;
};

/* Zeroed, in memory shared with children. */
struct result *result_new(void);
/* Runs one child to its end. Returns true if it ended by itself; else the
 * reason is among the result's failures and findings (crash, timeout,
 * engine_error). */
bool child_run(const struct child_plan *plan, struct result *r);
/* The body of the child: used by child_run, and directly where forking is no
 * use. */
void child_work(const struct child_plan *plan, struct result *r);
/* Adds a finding that has no round. */
void result_add_failure(struct result *r, enum failure f, const char *what);
/* A signal asked the run to end; what was found so far is valid. */
extern volatile int child_stop;

#endif
