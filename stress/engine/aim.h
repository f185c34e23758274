/* Aim: the search for an environment in which the actors collide.
 *
 * Random environments first, then a bandit over the best of them and their
 * mutations that keeps exploring. It steers by hits, and by near misses where
 * there are none, so that it works for rare bugs and for fixed variants. The
 * whole state is plain data: it lives in memory shared with the children and
 * survives them.
 */
#ifndef ENGINE_AIM_H
#define ENGINE_AIM_H

#include "engine/env.h"

enum { AIM_FINALISTS = 6, AIM_TRIALS = 5, AIM_ARMS = 48, AIM_BINS = 61, AIM_BIN_NS = 10 };

struct aim_sample {
	uint64_t rounds, hits, near;
	int64_t ns; /* the block's duration */
};

struct aim_arm {
	struct env env;
	uint32_t blocks;
	double rounds, hits, near, ns; /* decaying sums */
};

struct aim {
	const struct subject *subject;
	int layout;      /* < 0: any */
	uint64_t rng;
	uint32_t blocks; /* sampled so far */
	uint32_t arms;
	int current;     /* the arm on trial, or -1: an environment not among them */
	struct aim_arm arm[AIM_ARMS];
	/* The best arms, each tried again in several children: what one process
	 * finds may depend on where its pages lie, or on who else runs. */
	uint32_t finalists, trial, turn;
	struct {
		struct env env;
		double value[AIM_TRIALS], ns[AIM_TRIALS];
	} final[AIM_FINALISTS];
	struct env shape; /* the profile's environment, but for its offset */
	/* By start offset, from -300 ns in bins of 10 ns; of blocks that share
	 * shape. */
	struct { double rounds, hits, near; } profile[AIM_BINS];
};

void aim_init(struct aim *aim, const struct subject *s, int layout, uint64_t seed);
/* The environment to try next. */
struct env aim_next(struct aim *aim);
/* What the environment from aim_next gave. */
void aim_sampled(struct aim *aim, const struct env *e, const struct aim_sample *sample);
/* The best environment so far; the plain one before the first sample. Once
 * there were finals, the one whose worst trial was best. */
struct env aim_best(const struct aim *aim);
/* From here on, aim_final_next takes turns among the best. */
void aim_final_start(struct aim *aim);
/* A new trial begins: another child. At most AIM_TRIALS. */
void aim_final_trial(struct aim *aim);
struct env aim_final_next(struct aim *aim);
void aim_final_sampled(struct aim *aim, const struct aim_sample *sample);
/* From here on, aim_profile_next sweeps the offset of this environment. */
void aim_profile_start(struct aim *aim, const struct env *shape);
struct env aim_profile_next(struct aim *aim);
void aim_profile_sampled(struct aim *aim, const struct env *e, const struct aim_sample *sample);

#endif
