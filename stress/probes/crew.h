/* A probe's run: threads that walk through instances of its words, stretch by
 * stretch, and count what they saw.
 *
 *   batch:  reset | touch | stretch . stretch . stretch | count
 *
 * Bars are full meetings, dots those before a stretch, with the start offset
 * and perhaps a fence. Nothing else is shared, and no system call sits between.
 */
#ifndef PROBES_CREW_H
#define PROBES_CREW_H

#include "engine/pin.h"
#include "probes/probe.h"

/* What decides how often the critical accesses meet; self-tuned. */
struct tuning {
	uint16_t batch;   /* instances, a power of two */
	uint16_t stretch; /* instances between meetings; divides batch */
	uint16_t stride;  /* odd: instances from one to the next */
	uint16_t pitch;   /* cache lines an instance takes: at least its words */
	uint16_t lines;   /* from word to word; 0: all words in one line */
	uint16_t delay[PROBE_ACTORS]; /* after a meeting, turns of an empty loop */
	uint8_t fence;                /* bit per actor: a fence in the meeting */
	uint8_t owner[PROBE_WORDS];   /* the actor that resets the word */
	uint8_t touch[PROBE_ACTORS];  /* bit per word: read before the meeting */
	/* the perpetual form */
	uint16_t cells; /* a power of two: copies of the words, used in turn */
	uint16_t pad;   /* idle turns of an iteration */
};

enum { TUNING_TEXT = 160, PROBE_STATES = 64, MOST_BATCH = 4096, MOST_CHUNK = 1 << 16 };

/* A final state: two bits each for r0, r1 of each actor, then x, y, z. */
struct state_count {
	uint32_t state;
	uint64_t rounds;
};

struct tally {
	uint64_t rounds, weak;
	uint64_t impossible; /* neither looked for nor shown by interleaving */
	double seconds;
	/* Strided, of batches in which no actor was off its processor, as far
	 * as their time tells: what is left of a loaded machine. */
	uint64_t calm_rounds, calm_weak;
	double calm_s;
	unsigned states; /* strided: distinct states, of what the probe shows */
	struct state_count state[PROBE_STATES];
};

/* Strided, or perpetual, until `rounds` (0: no bound) or `seconds` (0: no
 * bound) have passed, whatever is first. Adds to *tally. Returns 0, or -1 with
 * why. */
int crew_run(const struct probe *p, bool perpetual, const struct tuning *t,
	     const struct pin_plan *plan, uint64_t rounds, double seconds, struct tally *tally,
	     char why[PIN_WHY]);
/* Adds one tally to another. */
void tally_add(struct tally *total, const struct tally *t);
/* Whether a state is the outcome that the probe looks for. */
bool state_is_weak(const struct probe *p, uint32_t state);
/* "0:r0=1 1:r0=0 x=2", of what the probe shows. */
void state_text(const struct probe *p, uint32_t state, char *text, size_t size);
/* The bits of a state that the probe shows. */
uint32_t state_shown(const struct probe *p);

/* Tries tunings for about `seconds`, from `seed`; the best is left in *t.
 * Returns 0, or -1 with why. Its rounds are added to *tally: an outcome that
 * the model forbids counts wherever it shows. */
int tune(const struct probe *p, bool perpetual, const struct pin_plan *plan, double seconds,
	 uint64_t seed, struct tuning *t, struct tally *tally, char why[PIN_WHY]);
/* As text: "batch=512,stretch=64,..."; reads back what it writes.
 * Returns NULL or what is wrong. */
void tuning_text(const struct tuning *t, char text[TUNING_TEXT]);
const char *tuning_parse(const char *text, struct tuning *t);

/* Nanoseconds for a cache line to go from one actor's core to the other's: the
 * lower quartile, median and upper quartile of many. Returns 0, or -1 with
 * why. */
int transfer_ns(const struct pin_plan *plan, double ns[3], char why[PIN_WHY]);

/* The final states that interleaving alone shows, by running the actors' texts
 * in every order. Any other needs a reordering; the one looked for apart,
 * no model permits it. */
struct interleaved {
	unsigned n;
	uint32_t state[PROBE_STATES];
};
void interleave(const struct probe *p, struct interleaved *found);
bool is_interleaved(const struct interleaved *found, uint32_t state);

/* The probe as a litmus test in C. */
void litmus_print(const struct probe *p);

#endif
