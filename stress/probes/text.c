#include "probes/text.h"

#include <ctype.h>
#include <string.h>

#include "base/world.h"

static const char *read_word(const char *text, char out[ARG_TEXT])
{
	unsigned n = 0;
	while (*text == ' ')
		text++;
	while (isalnum((unsigned char)*text) || *text == '_') {
		if (n + 1 < ARG_TEXT)
			out[n++] = *text;
		text++;
	}
	out[n] = '\0';
	while (*text == ' ')
		text++;
	return text;
}

/* Reads "NAME(a, b)" and what separates it from the next. */
static const char *read_access(const char *text, struct access *a)
{
	a->args = 0;
	text = read_word(text, a->name);
	if (*text != '(')
		world_fatal("a probe's text lacks a (");
	do {
		text = read_word(text + 1, a->arg[a->args]);
		a->args += a->arg[a->args][0] != '\0';
	} while (*text == ',' && a->args < MOST_ARGS);
	if (*text != ')')
		world_fatal("a probe's text lacks a )");
	for (text++; *text == ' ' || *text == ';'; text++)
		;
	return text;
}

unsigned text_read(const char *text, struct access access[MOST_ACCESSES])
{
	unsigned n = 0;
	while (*text) {
		if (n == MOST_ACCESSES)
			world_fatal("a probe's actor has too many accesses");
		text = read_access(text, &access[n++]);
	}
	return n;
}

/* --- what interleaving alone shows --- */

struct machine {
	const struct probe *probe;
	struct access access[PROBE_ACTORS][MOST_ACCESSES];
	unsigned count[PROBE_ACTORS], actors;
	uint32_t shown;
	struct interleaved *found;
};

struct moment {
	unsigned next[PROBE_ACTORS], word[PROBE_WORDS], r[PROBE_ACTORS][2];
};

static void step(const struct access *a, struct moment *m, unsigned actor)
{
	if (strcmp(a->name, "FENCE") == 0)
		return;
	bool stores = strncmp(a->name, "ST", 2) == 0;
	unsigned *word = &m->word[a->arg[!stores][0] - 'x'];
	unsigned *r = &m->r[actor][a->arg[0][1] == '1'];
	unsigned value = (unsigned)(a->arg[a->args - 1][0] - '0');
	if (stores) {
		*word = value;
	} else if (strcmp(a->name, "CAS") == 0) {
		*r = *word == 0;
		*word = *r ? value : *word;
	} else {
		*r = *word;
		*word += strcmp(a->name, "ADD") == 0 ? value : 0;
	}
}

static void finish(struct machine *m, const struct moment *now)
{
	uint32_t state = 0;
	for (unsigned a = 0; a < m->actors; a++)
		state |= (now->r[a][0] | now->r[a][1] << 2) << (a * 4);
	for (unsigned i = 0; i < PROBE_WORDS; i++)
		state |= now->word[i] << (PROBE_ACTORS * 4 + i * 2);
	state &= m->shown;
	if (is_interleaved(m->found, state))
		return;
	if (m->found->n == PROBE_STATES)
		world_fatal("a probe has too many final states");
	m->found->state[m->found->n++] = state;
}

static void go_on(struct machine *m, const struct moment *now)
{
	bool over = true;
	for (unsigned a = 0; a < m->actors; a++) {
		if (now->next[a] == m->count[a])
			continue;
		struct moment then = *now;
		step(&m->access[a][then.next[a]++], &then, a);
		over = false;
		go_on(m, &then);
	}
	if (over)
		finish(m, now);
}

void interleave(const struct probe *p, struct interleaved *found)
{
	struct machine m = { .probe = p, .actors = probe_actors(p), .shown = state_shown(p),
			     .found = found };
	found->n = 0;
	for (unsigned a = 0; a < m.actors; a++)
		m.count[a] = text_read(p->actor[a]->text, m.access[a]);
	go_on(&m, &(struct moment){ 0 });
}

bool is_interleaved(const struct interleaved *found, uint32_t state)
{
	for (unsigned i = 0; i < found->n; i++)
		if (found->state[i] == state)
			return true;
	return false;
}
