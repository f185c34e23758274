/* The hot loop: actors on pinned threads meet, round after round, on prepared
 * states.
 *
 *   thread 0   |start|delay|blocker(state i)|start|...|settle block|
 *   thread 1   |start|delay|closer (state i)|start|...|            |
 *
 * A crew is the set of threads that run one case together. Nobody sleeps in a
 * round, but for a peer that is off its processor. A round ends an actor early
 * when it is stranded (parked, or spinning, and nobody is left to change that:
 * the judge looks at once) or when the target calls world_fatal().
 */
#ifndef ENGINE_ROUND_H
#define ENGINE_ROUND_H

#include <setjmp.h>

#include "engine/env.h"

/* By the clock, a handshake agrees on the time every PACED rounds. */
enum { BLOCK_ROUNDS = 512, PACED = 32 };

/* What a round came to; an outcome's index + OUT_LISTED otherwise. */
enum {
	OUT_OPEN,
	OUT_FATAL,
	OUT_DEADLOCK, /* an actor was stranded in a futex wait */
	OUT_WRONG,    /* an outcome that the case does not list */
	OUT_LISTED,
	OUT_KINDS = OUT_LISTED + MAX_OUTCOMES
};

/* Name, class and meaning of OUT_FATAL .. OUT_WRONG. */
extern const struct outcome engine_outcome[OUT_LISTED];

/* An actor within a round. PARKED and SPINNING are the values of
 * slot.stranded. */
enum standing { RUNNING, PARKED, SPINNING };
enum { AT_STANDING = 3, AT_ROUND = 16 };

struct crew;

struct worker {
	/* Progress: round << AT_ROUND | changes of standing in it << 2 |
	 * standing. Written by this thread only; a later round means the
	 * earlier is done. */
	_Alignas(128) word64 at;
	/* `turns`, told now and then. */
	word64 spun;
	_Alignas(128) struct crew *crew;
	unsigned actor;
	void (*run)(void *state, struct slot *me);
	uint64_t round;
	uint32_t index; /* of the round's state */
	char *state;
	struct slot *slots;
	uint64_t rng;
	uint32_t delay, jitter; /* in turns of the delay loop; paced: in ticks */
	uint64_t start;         /* paced: the clock at the round's start */
	uint32_t touches;
	struct { uint16_t offset, kind; } touch[ENV_LINES];
	uint32_t spins; /* before a waiting actor looks around */
	bool late; /* waited longer than LATE_NS in this block */
	/* --- as a spinner --- */
	bool asleep;    /* gave up in a futex wait */
	uint64_t turns; /* of waiting, in all rounds */
	int64_t since;  /* when it first looked around in this round; 0: not yet */
	uint64_t slept; /* turns before the last futex wait without a limit */
	uint64_t watched, watched_turns; /* round, and turns then, of watch[] */
	bool certain;                    /* it is the second watch in a row */
	struct { uint64_t at, turns; } watch[MAX_ACTORS];
	jmp_buf escape;
};

struct crew {
	const struct subject *subject;
	const struct test_case *test; /* in the layout of env */
	struct env env;
	unsigned actors, slots;
	bool yields;                  /* actors share processors: waiting must yield */
	double turns_per_ns;          /* of the delay loop */
	bool coarse;                  /* the clock paces, the delay loop delays */
	uint32_t pace;                /* ticks from round to round; 0: handshakes */
	int64_t longest_wait;         /* ticks; counters that differ more are no clock */
	_Alignas(128) word64 agreed;  /* the newest round that agreed on a start */
	uint64_t start;               /* that round's, by the clock */
	uint64_t first;               /* round number of the block's first round */
	char *states;
	size_t pitch;                 /* bytes from state to state */
	struct slot *slot;            /* BLOCK_ROUNDS x slots */
	word32 *outcome;              /* per round of the block: OUT_... */
	word64 *heartbeat;            /* counted up as rounds go by; NULL: nobody cares */
	char fatal[96];               /* the first fatal's message */
	_Alignas(128) word64 judged;  /* the newest round that a stranded actor judged */
	struct worker worker[MAX_ACTORS];
};

/* Allocates a crew for the subject. Never NULL. */
struct crew *crew_new(const struct subject *s, bool yields, uint64_t seed);
void crew_free(struct crew *c);
/* Takes an environment for the next block. Only between blocks. */
void crew_equip(struct crew *c, const struct env *e);
/* Prepares the block's states and slots; by one thread. */
void crew_prepare(struct crew *c);
/* Runs the block's rounds as worker w; all workers call it at the same time.
 * When it returns, w has passed the last round. */
void worker_run_block(struct worker *w);
/* Called now and then by whoever waits, since *since; 0: from now on. Naps and
 * returns true if that is longer than longest_ns: who sleeps is run before
 * those who never do, and so when the one waited for is. */
bool wait_nap(int64_t *since, int64_t longest_ns);
/* The same in a block, which is spoilt then. */
void worker_look_around(struct worker *w, int64_t *since);
/* Makes w the calling thread's; NULL: none. */
void worker_adopt(struct worker *w);
/* Waits until every worker has passed round `round`. */
void crew_wait_passed(struct worker *w, uint64_t round);
/* Judges what is still open and counts all outcomes of the block. */
void crew_settle(struct crew *c, uint32_t count[OUT_KINDS]);
/* The state index of the block's nth round: strided, which keeps prefetchers
 * out. */
static inline uint32_t round_index(uint64_t nth)
{
	return (uint32_t)(nth * 37) & (BLOCK_ROUNDS - 1);
}

extern const struct runtime spin_runtime;

#endif
