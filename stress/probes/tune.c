/* Self-tuning: random tunings first, then changes to the best, each tried for
 * a few milliseconds. What counts is weak outcomes a second; while there are
 * none, how evenly the rounds spread over the outcomes: that is highest where
 * the actors' accesses overlap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/world.h"
#include "engine/env.h"
#include "probes/crew.h"

enum { REGION_LINES = 1 << 16, BREEDERS = 4, FINAL_TRIALS = 3 };

#define TRY_S 0.004

struct tried {
	struct tuning tuning;
	double score;
};

static void mend(struct tuning *t)
{
	if (t->pitch < 2 * t->lines + 1)
		t->pitch = (uint16_t)(2 * t->lines + 1);
	while ((uint32_t)t->batch * t->pitch > REGION_LINES)
		t->batch /= 2;
	if (t->stretch > t->batch)
		t->stretch = t->batch;
}

static uint16_t power(uint64_t *rng, unsigned least, unsigned most)
{
	return (uint16_t)(1u << (least + rng_below(rng, most - least + 1)));
}

/* Draws one part anew. */
static void change(struct tuning *t, unsigned actors, uint64_t *rng)
{
	static const uint16_t strides[] = { 1, 1, 3, 5, 7, 11, 17, 37, 101 };
	unsigned a = rng_below(rng, actors), w = rng_below(rng, PROBE_WORDS);
	switch (rng_below(rng, 10)) {
	case 0: t->batch = power(rng, 5, 12); break;
	case 1: t->stretch = power(rng, 0, 8); break;
	case 2: t->stride = strides[rng_below(rng, sizeof strides / sizeof *strides)]; break;
	case 3: t->pitch = (uint16_t)(1 + rng_below(rng, 12)); break;
	case 4: t->lines = (uint16_t)rng_below(rng, 4); break;
	case 5: t->delay[a] = (uint16_t)(rng_below(rng, 2) ? 0 : rng_below(rng, 400)); break;
	case 6: t->fence ^= (uint8_t)(1u << a); break;
	case 7: t->owner[w] = (uint8_t)a; break;
	case 8: t->touch[a] ^= (uint8_t)(1u << w); break;
	case 9:
		t->cells = power(rng, 0, 8);
		t->pad = (uint16_t)(rng_below(rng, 2) ? 0 : rng_below(rng, 60));
		break;
	}
	mend(t);
}

static void plain(struct tuning *t)
{
	*t = (struct tuning){ .batch = 512, .stretch = 1, .stride = 1, .pitch = 3, .lines = 1,
			      .cells = 1 };
}

static void random_tuning(struct tuning *t, unsigned actors, uint64_t *rng)
{
	plain(t);
	for (unsigned i = 0; i < 20; i++)
		change(t, actors, rng);
}

/* Bits of an outcome, at most about 6. */
static double entropy(const struct tally *t)
{
	double sum = 0;
	for (unsigned i = 0; i < t->states; i++) {
		double share = (double)t->state[i].rounds / (double)t->rounds;
		sum -= share > 0 ? share * log2(share) : 0;
	}
	return sum;
}

static double score(const struct tally *t)
{
	bool calm = t->calm_s > 0;
	double seconds = calm ? t->calm_s : t->seconds;
	uint64_t rounds = calm ? t->calm_rounds : t->rounds;
	uint64_t weak = calm ? t->calm_weak : t->weak;
	if (rounds == 0 || seconds <= 0)
		return 0;
	if (weak)
		return 1e9 + (double)weak / seconds;
	return (double)rounds / seconds * (0.01 + entropy(t));
}

/* Best first. */
static void keep(struct tried *best, const struct tried *fresh)
{
	for (unsigned i = 0; i < BREEDERS; i++)
		if (fresh->score > best[i].score) {
			memmove(best + i + 1, best + i, (BREEDERS - 1 - i) * sizeof *best);
			best[i] = *fresh;
			return;
		}
}

static int try_it(const struct probe *p, bool perpetual, const struct pin_plan *plan,
		  double seconds, struct tried *t, struct tally *total, char why[PIN_WHY])
{
	struct tally tally = { 0 };
	if (crew_run(p, perpetual, &t->tuning, plan, 0, seconds, &tally, why))
		return -1;
	t->score = score(&tally);
	tally_add(total, &tally);
	return 0;
}

/* The best again, in turn and longer: one good moment is not enough. */
static int finals(const struct probe *p, bool perpetual, const struct pin_plan *plan,
		  struct tried *best, struct tally *total, char why[PIN_WHY])
{
	double worst[BREEDERS];
	unsigned winner = 0;
	for (unsigned trial = 0; trial < FINAL_TRIALS; trial++)
		for (unsigned i = 0; i < BREEDERS && best[i].score > 0; i++) {
			struct tried again = best[i];
			if (try_it(p, perpetual, plan, 3 * TRY_S, &again, total, why))
				return -1;
			if (trial == 0 || again.score < worst[i])
				worst[i] = again.score;
		}
	for (unsigned i = 1; i < BREEDERS && best[i].score > 0; i++)
		if (worst[i] > worst[winner])
			winner = i;
	best[0] = best[winner];
	return 0;
}

int tune(const struct probe *p, bool perpetual, const struct pin_plan *plan, double seconds,
	 uint64_t seed, struct tuning *t, struct tally *tally, char why[PIN_WHY])
{
	struct tried best[BREEDERS] = { 0 };
	int64_t began = world_now(), limit = (int64_t)(seconds * 1e9);
	uint64_t rng = seed * 2 + 1;
	rng_next(&rng);
	plain(&best[0].tuning);
	while (world_now() - began < limit) {
		struct tried fresh;
		bool opening = world_now() - began < limit / 3 || best[BREEDERS - 1].score == 0;
		if (opening)
			random_tuning(&fresh.tuning, probe_actors(p), &rng);
		else
			fresh = best[rng_below(&rng, BREEDERS)];
		for (unsigned i = 1 + rng_below(&rng, 3); !opening && i > 0; i--)
			change(&fresh.tuning, probe_actors(p), &rng);
		if (try_it(p, perpetual, plan, TRY_S, &fresh, tally, why))
			return -1;
		keep(best, &fresh);
	}
	if (seconds > 0 && finals(p, perpetual, plan, best, tally, why))
		return -1;
	*t = best[0].tuning;
	return 0;
}

/* --- as text --- */

struct part {
	const char *name;
	unsigned count; /* values, ':' between them */
	size_t offset, size;
	uint32_t least, most;
};

#define PART(field, n, least, most)                                          \
	{ #field, n, offsetof(struct tuning, field),                         \
	  sizeof ((struct tuning *)0)->field / (n), least, most }
static const struct part parts[] = {
	PART(batch, 1, 1, MOST_BATCH), PART(stretch, 1, 1, MOST_BATCH), PART(stride, 1, 1, 4095),
	PART(pitch, 1, 1, 64), PART(lines, 1, 0, 16), PART(delay, PROBE_ACTORS, 0, 65535),
	PART(fence, 1, 0, 15), PART(owner, PROBE_WORDS, 0, PROBE_ACTORS - 1),
	PART(touch, PROBE_ACTORS, 0, 7), PART(cells, 1, 1, 256), PART(pad, 1, 0, 65535),
};
enum { PARTS = sizeof parts / sizeof *parts };

static uint32_t value_at(const void *at, size_t size)
{
	return size == 1 ? *(const uint8_t *)at : *(const uint16_t *)at;
}

void tuning_text(const struct tuning *t, char text[TUNING_TEXT])
{
	size_t used = 0;
	for (unsigned i = 0; i < PARTS; i++)
		for (unsigned n = 0; n < parts[i].count && used < TUNING_TEXT; n++) {
			const char *at = (const char *)t + parts[i].offset + n * parts[i].size;
			uint32_t value = value_at(at, parts[i].size);
			used += (size_t)(n ? snprintf(text + used, TUNING_TEXT - used, ":%u", value)
					   : snprintf(text + used, TUNING_TEXT - used, "%s%s=%u",
						      i ? "," : "", parts[i].name, value));
		}
}

static const char *read_part(const char *text, const struct part *p, struct tuning *t)
{
	for (unsigned n = 0; n < p->count; n++) {
		char *end, *at = (char *)t + p->offset + n * p->size;
		unsigned long value = strtoul(text, &end, 10);
		if (end == text || value < p->least || value > p->most ||
		    *end != (n + 1 < p->count ? ':' : *end == ',' ? ',' : '\0'))
			return NULL;
		if (p->size == 1)
			*(uint8_t *)at = (uint8_t)value;
		else
			*(uint16_t *)at = (uint16_t)value;
		text = *end ? end + 1 : end;
	}
	return text;
}

const char *tuning_parse(const char *text, struct tuning *t)
{
	plain(t);
	while (*text) {
		size_t len = strcspn(text, "=");
		const struct part *p = NULL;
		for (unsigned i = 0; i < PARTS; i++)
			if (strlen(parts[i].name) == len && !strncmp(parts[i].name, text, len))
				p = &parts[i];
		if (!p || !text[len])
			return "parts are batch, stretch, stride, pitch, lines, delay, fence, "
			       "owner, touch, cells, pad";
		text = read_part(text + len + 1, p, t);
		if (!text)
			return "a part has too few values, or one out of range";
	}
	struct tuning mended = *t;
	mend(&mended);
	if (memcmp(&mended, t, sizeof mended) != 0 || (t->batch & (t->batch - 1)) ||
	    t->batch % t->stretch || !(t->stride & 1) || (t->cells & (t->cells - 1)))
		return "parts do not fit: batch and cells are powers of two, stretch divides "
		       "batch, stride is odd, pitch > 2 * lines, batch * pitch <= 65536";
	return NULL;
}
