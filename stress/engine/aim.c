#include "engine/aim.h"

#include <string.h>

enum {
	OPENING = 200,      /* random blocks before the bandit begins */
	BREEDERS = 8,       /* how many of the best are mutated and tried again */
	MEMORY = 24,        /* blocks after which an arm forgets half */
	TRUSTED = 3,        /* blocks before an arm counts as the best */
	HIT_WEIGHT = 20000  /* a hit against a near miss */
};

void aim_init(struct aim *aim, const struct subject *s, int layout, uint64_t seed)
{
	memset(aim, 0, sizeof *aim);
	aim->subject = s;
	aim->layout = layout;
	aim->rng = seed * 2 + 1;
	rng_next(&aim->rng);
	aim->current = -1;
}

/* Value per unit of time, pulled towards nothing while there is little
 * evidence. */
static double score(const struct aim_arm *a)
{
	return (a->hits * HIT_WEIGHT + a->near) / (a->ns + 50000);
}

/* Index of the nth best arm; arms are kept sorted by score. */
static void sort_in(struct aim *aim, uint32_t i)
{
	while (i > 0 && score(&aim->arm[i]) > score(&aim->arm[i - 1])) {
		struct aim_arm swap = aim->arm[i];
		aim->arm[i] = aim->arm[i - 1];
		aim->arm[--i] = swap;
	}
	while (i + 1 < aim->arms && score(&aim->arm[i]) < score(&aim->arm[i + 1])) {
		struct aim_arm swap = aim->arm[i];
		aim->arm[i] = aim->arm[i + 1];
		aim->arm[++i] = swap;
	}
}

struct env aim_next(struct aim *aim)
{
	struct env e;
	uint32_t breeders = aim->arms < BREEDERS ? aim->arms : BREEDERS;
	uint32_t dice = rng_below(&aim->rng, 100);
	aim->current = -1;
	if (aim->blocks < OPENING || breeders == 0 || dice < 15) {
		env_random(&e, aim->subject, aim->layout, &aim->rng);
		return e;
	}
	uint32_t i = rng_below(&aim->rng, breeders);
	if (dice < 60) {
		e = aim->arm[i].env;
		env_mutate(&e, aim->subject, aim->layout, &aim->rng);
		return e;
	}
	/* Again: the least tried of the best. */
	for (uint32_t j = 0; j < breeders; j++)
		if (aim->arm[j].blocks < aim->arm[i].blocks)
			i = j;
	if (dice < 75)
		i = 0;
	aim->current = (int)i;
	return aim->arm[i].env;
}

static void add(struct aim_arm *a, const struct aim_sample *sample)
{
	if (++a->blocks > MEMORY) {
		a->blocks /= 2;
		a->rounds /= 2;
		a->hits /= 2;
		a->near /= 2;
		a->ns /= 2;
	}
	a->rounds += sample->rounds;
	a->hits += sample->hits;
	a->near += sample->near;
	a->ns += sample->ns;
}

void aim_sampled(struct aim *aim, const struct env *e, const struct aim_sample *sample)
{
	aim->blocks++;
	if (aim->current >= 0) {
		add(&aim->arm[aim->current], sample);
		sort_in(aim, (uint32_t)aim->current);
		return;
	}
	struct aim_arm fresh = { .env = *e };
	add(&fresh, sample);
	uint32_t i;
	if (aim->arms < AIM_ARMS)
		i = aim->arms++;
	else if (score(&fresh) > score(&aim->arm[AIM_ARMS - 1]))
		i = AIM_ARMS - 1;
	else
		return;
	aim->arm[i] = fresh;
	sort_in(aim, i);
}

/* --- finals --- */

void aim_final_start(struct aim *aim)
{
	aim->finalists = aim->trial = 0;
	for (uint32_t i = 0; i < aim->arms && aim->finalists < AIM_FINALISTS; i++)
		if (aim->arm[i].blocks >= TRUSTED)
			aim->final[aim->finalists++].env = aim->arm[i].env;
	if (aim->finalists == 0 && aim->arms > 0)
		aim->final[aim->finalists++].env = aim->arm[0].env;
}

void aim_final_trial(struct aim *aim)
{
	uint32_t t = aim->trial++;
	for (uint32_t i = 0; i < aim->finalists; i++)
		aim->final[i].value[t] = aim->final[i].ns[t] = 0;
}

struct env aim_final_next(struct aim *aim)
{
	struct env e;
	env_plain(&e);
	aim->turn++;
	return aim->finalists ? aim->final[aim->turn % aim->finalists].env : e;
}

void aim_final_sampled(struct aim *aim, const struct aim_sample *sample)
{
	if (aim->finalists == 0 || aim->trial == 0)
		return;
	uint32_t i = aim->turn % aim->finalists, t = aim->trial - 1;
	aim->final[i].value[t] += (double)sample->hits * HIT_WEIGHT + sample->near;
	aim->final[i].ns[t] += sample->ns;
}

static double worst_trial(const struct aim *aim, uint32_t finalist)
{
	double worst = -1;
	for (uint32_t t = 0; t < aim->trial; t++) {
		double ns = aim->final[finalist].ns[t];
		double value = aim->final[finalist].value[t] / (ns + 1);
		if (ns > 0 && (worst < 0 || value < worst))
			worst = value;
	}
	return worst;
}

struct env aim_best(const struct aim *aim)
{
	struct env e;
	env_plain(&e);
	double best = 0;
	uint32_t winner = AIM_FINALISTS;
	for (uint32_t i = 0; i < aim->finalists; i++)
		if (worst_trial(aim, i) > best) {
			best = worst_trial(aim, i);
			winner = i;
		}
	if (winner < AIM_FINALISTS)
		return aim->final[winner].env;
	for (uint32_t i = 0; i < aim->arms; i++)
		if (aim->arm[i].blocks >= TRUSTED)
			return aim->arm[i].env;
	return aim->arms ? aim->arm[0].env : e;
}

/* --- the offset profile --- */

void aim_profile_start(struct aim *aim, const struct env *shape)
{
	aim->shape = *shape;
	memset(aim->profile, 0, sizeof aim->profile);
}

static int bin_offset(uint32_t bin)
{
	return ((int)bin - AIM_BINS / 2) * AIM_BIN_NS;
}

struct env aim_profile_next(struct aim *aim)
{
	struct env e = aim->shape;
	int offset = bin_offset(rng_below(&aim->rng, AIM_BINS)) * 10;
	uint16_t base = 0;
	e.delay[0] = (uint16_t)(base + (offset < 0 ? -offset : 0));
	e.delay[1] = (uint16_t)(base + (offset > 0 ? offset : 0));
	return e;
}

void aim_profile_sampled(struct aim *aim, const struct env *e, const struct aim_sample *sample)
{
	int bin = (int)(env_offset(e) / AIM_BIN_NS + AIM_BINS / 2 + 0.5);
	if (bin < 0 || bin >= AIM_BINS)
		return;
	aim->profile[bin].rounds += sample->rounds;
	aim->profile[bin].hits += sample->hits;
	aim->profile[bin].near += sample->near;
}
