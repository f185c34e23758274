#define _GNU_SOURCE
#include "engine/clock.h"
#include "engine/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool subject_find(const char *name, struct subject *s)
{
	memset(s, 0, sizeof *s);
	for (const struct test_case *const *p = __start_stormrig_cases;
	     p < __stop_stormrig_cases; p++) {
		if (strcmp((*p)->name, name) != 0 || s->layouts == LAYOUTS)
			continue;
		/* natural first: it is env_plain's */
		unsigned i = s->layouts++;
		if (i == 1 && strcmp((*p)->layout, "natural") == 0) {
			s->layout[1] = s->layout[0];
			i = 0;
		}
		s->layout[i] = *p;
	}
	for (unsigned i = 0; i < s->layouts; i++) {
		unsigned lines = (s->layout[i]->state_size + LINE - 1) / LINE;
		s->lines[i] = lines < ENV_LINES ? lines : ENV_LINES;
	}
	if (s->layouts == 0)
		return false;
	s->actors = case_actors(s->layout[0]);
	s->slots = case_slots(s->layout[0]);
	return true;
}

/* --- text --- */

static const char TOUCHES[] = ".ro";

void env_text(const struct env *e, const struct subject *s, char text[ENV_TEXT])
{
	int n = snprintf(text, ENV_TEXT, "layout=%s,pace=%u,delay=",
			 s->layout[e->layout]->layout, e->pace);
	for (unsigned a = 0; a < s->actors; a++)
		n += snprintf(text + n, ENV_TEXT - n, "%s%.1f", a ? ":" : "", e->delay[a] / 10.0);
	n += snprintf(text + n, ENV_TEXT - n, ",jitter=%.1f,touch=", e->jitter / 10.0);
	for (unsigned a = 0; a < s->actors; a++) {
		text[n] = '/';
		n += a != 0;
		for (unsigned i = 0; i < s->lines[e->layout]; i++)
			text[n++] = TOUCHES[e->touch[a][i]];
	}
	n += snprintf(text + n, ENV_TEXT - n, ",shift=%u,fence=", e->shift);
	for (unsigned a = 0; a < s->actors; a++)
		n += snprintf(text + n, ENV_TEXT - n, "%u", e->fence >> a & 1);
	snprintf(text + n, ENV_TEXT - n, ",by=%u", e->by);
}

static const char *parse_tenths(const char *text, uint16_t *tenths, char **end)
{
	double ns = strtod(text, end);
	if (*end == text || !(ns >= 0 && ns * 10 <= ENV_LONGEST_DELAY))
		return "delay and jitter are nanoseconds, 0 to 600";
	*tenths = (uint16_t)(ns * 10 + 0.5);
	return NULL;
}

static const char *parse_delays(const char *text, const struct subject *s, struct env *e)
{
	for (unsigned a = 0; a < s->actors; a++) {
		char *end;
		const char *wrong = parse_tenths(text, &e->delay[a], &end);
		if (wrong)
			return wrong;
		if (*end != (a + 1 < s->actors ? ':' : '\0'))
			return "delay wants one number per actor, separated by ':'";
		text = end + 1;
	}
	return NULL;
}

static const char *parse_touch(const char *text, const struct subject *s, struct env *e)
{
	memset(e->touch, 0, sizeof e->touch);
	unsigned a = 0, i = 0;
	for (; *text; text++) {
		if (*text == '/') {
			a++;
			i = 0;
			continue;
		}
		const char *kind = strchr(TOUCHES, *text);
		if (!kind || a >= s->actors || i >= ENV_LINES)
			return "touch wants '.', 'r' or 'o' per cache line, '/' between actors";
		e->touch[a][i++] = (uint8_t)(kind - TOUCHES);
	}
	return NULL;
}

static const char *parse_number(const char *text, unsigned limit, uint8_t *n)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (end == text || *end || value >= limit)
		return "shift is 0 to 7 and by an actor's number";
	*n = (uint8_t)value;
	return NULL;
}

static const char *parse_pace(const char *text, uint16_t *pace)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (end == text || *end || value > ENV_LONGEST_PACE)
		return "pace is 0 to 5000 nanoseconds";
	*pace = (uint16_t)value;
	return NULL;
}

static const char *parse_part(const char *key, const char *value, const struct subject *s,
			      struct env *e)
{
	char *end;
	const char *wrong;
	if (strcmp(key, "layout") == 0) {
		for (unsigned i = 0; i < s->layouts; i++)
			if (strcmp(s->layout[i]->layout, value) == 0) {
				e->layout = (uint8_t)i;
				return NULL;
			}
		return "no such layout of this case";
	}
	if (strcmp(key, "pace") == 0)
		return parse_pace(value, &e->pace);
	if (strcmp(key, "delay") == 0)
		return parse_delays(value, s, e);
	if (strcmp(key, "jitter") == 0) {
		wrong = parse_tenths(value, &e->jitter, &end);
		return wrong ? wrong : *end ? "jitter is one number" : NULL;
	}
	if (strcmp(key, "touch") == 0)
		return parse_touch(value, s, e);
	if (strcmp(key, "shift") == 0)
		return parse_number(value, 8, &e->shift);
	if (strcmp(key, "by") == 0)
		return parse_number(value, s->actors, &e->by);
	if (strcmp(key, "fence") != 0)
		return "unknown part; known: layout, pace, delay, jitter, touch, shift, fence, by";
	e->fence = 0;
	if (strlen(value) != s->actors || strspn(value, "01") != s->actors)
		return "fence wants 0 or 1 per actor";
	for (unsigned a = 0; a < s->actors; a++)
		e->fence |= (uint8_t)((value[a] == '1') << a);
	return NULL;
}

/* Spread fields have lines of their own, and some states their place in one. */
static bool may_shift(const struct test_case *t)
{
	return strcmp(t->layout, "natural") == 0 && t->state_align <= sizeof(void *);
}

const char *env_parse(const char *text, const struct subject *s, struct env *e)
{
	char copy[ENV_TEXT];
	env_plain(e);
	if (strlen(text) >= sizeof copy)
		return "too long";
	strcpy(copy, text);
	char *rest = copy, *part;
	while ((part = strsep(&rest, ","))) {
		char *value = strchr(part, '=');
		if (!value)
			return "parts are name=value, separated by commas";
		*value++ = '\0';
		const char *wrong = parse_part(part, value, s, e);
		if (wrong)
			return wrong;
	}
	if (e->shift != 0 && !may_shift(s->layout[e->layout]))
		return "this state is aligned in this layout: shift is 0";
	return NULL;
}

/* --- search moves --- */

void env_plain(struct env *e)
{
	memset(e, 0, sizeof *e);
	e->pace = clock_is_fine() ? ENV_PLAIN_PACE : 0;
}

static uint16_t random_pace(uint64_t *rng)
{
	if (!clock_is_fine() || rng_below(rng, 10) == 0)
		return 0;
	return (uint16_t)(100 + rng_below(rng, 500));
}

static uint8_t random_touch(uint64_t *rng)
{
	uint32_t r = rng_below(rng, 8);
	return r < 4 ? TOUCH_NONE : r < 6 ? TOUCH_READ : TOUCH_OWN;
}

static uint16_t random_jitter(uint64_t *rng)
{
	static const uint16_t choice[] = { 0, 0, 20, 50, 100, 200, 400 };
	return choice[rng_below(rng, sizeof choice / sizeof *choice)];
}

/* Delays count from the actor that starts first. */
static void normalize(struct env *e, const struct subject *s)
{
	if (!may_shift(s->layout[e->layout]))
		e->shift = 0;
	uint16_t least = UINT16_MAX;
	for (unsigned a = 0; a < s->actors; a++)
		least = e->delay[a] < least ? e->delay[a] : least;
	for (unsigned a = 0; a < s->actors; a++)
		e->delay[a] -= least;
}

void env_random(struct env *e, const struct subject *s, int layout, uint64_t *rng)
{
	env_plain(e);
	e->layout = (uint8_t)(layout >= 0 ? (unsigned)layout : rng_below(rng, s->layouts));
	for (unsigned a = 0; a < s->actors; a++) {
		e->delay[a] = (uint16_t)rng_below(rng, 2000);
		for (unsigned i = 0; i < s->lines[e->layout]; i++)
			e->touch[a][i] = random_touch(rng);
	}
	e->pace = random_pace(rng);
	e->jitter = random_jitter(rng);
	e->shift = (uint8_t)rng_below(rng, 8);
	normalize(e, s);
	e->fence = (uint8_t)rng_below(rng, 1u << s->actors);
	e->by = (uint8_t)rng_below(rng, s->actors);
}

static void shift_delay(struct env *e, const struct subject *s, uint32_t range, uint64_t *rng)
{
	unsigned a = rng_below(rng, s->actors);
	int delay = e->delay[a] + (int)rng_below(rng, 2 * range + 1) - (int)range;
	if (delay < 0) {
		/* earlier than the first: all others later */
		for (unsigned b = 0; b < s->actors; b++)
			if (b != a)
				e->delay[b] += (uint16_t)-delay;
		delay = 0;
	}
	e->delay[a] = (uint16_t)delay;
	for (unsigned b = 0; b < s->actors; b++)
		if (e->delay[b] > ENV_LONGEST_DELAY)
			e->delay[b] = ENV_LONGEST_DELAY;
}

void env_mutate(struct env *e, const struct subject *s, int layout, uint64_t *rng)
{
	do {
		switch (rng_below(rng, 12)) {
		case 0: case 1: case 2:
			shift_delay(e, s, 60, rng);
			break;
		case 3:
			shift_delay(e, s, 600, rng);
			break;
		case 4:
			e->jitter = random_jitter(rng);
			break;
		case 5: case 6: case 7:
			e->touch[rng_below(rng, s->actors)][rng_below(rng, s->lines[e->layout])] =
				random_touch(rng);
			break;
		case 8:
			e->shift = (uint8_t)rng_below(rng, 8);
			if (layout < 0 && rng_below(rng, 4) == 0)
				e->layout = (uint8_t)rng_below(rng, s->layouts);
			break;
		case 10:
			e->pace = random_pace(rng);
			break;
		case 11: {
			int pace = e->pace + (int)rng_below(rng, 61) - 30;
			if (e->pace)
				e->pace = (uint16_t)(pace < 50 ? 50 : pace);
			break;
		}
		case 9:
			e->fence = (uint8_t)rng_below(rng, 1u << s->actors);
			e->by = (uint8_t)rng_below(rng, s->actors);
			break;
		}
	} while (rng_below(rng, 3) == 0);
	normalize(e, s);
}

bool env_same_but_offset(const struct env *a, const struct env *b)
{
	struct env copy = *a;
	memcpy(copy.delay, b->delay, sizeof copy.delay);
	copy.jitter = b->jitter;
	return memcmp(&copy, b, sizeof copy) == 0;
}

double env_offset(const struct env *e)
{
	return (e->delay[1] - e->delay[0]) / 10.0;
}
