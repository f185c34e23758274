/* Any small program, read from the environment: what the memory models are
 * compared with their references on (tests/models).
 *
 *   EXPLORE_PROGRAM   threads parted by "|", instructions by ";", words by
 *                     spaces: L r0 x acq     load           S x 1 rel    store
 *                     X r0 x 1       exchange       A r0 x 10    fetch and add
 *                     C r0 x 0 1     compare-and-swap 0 to 1     F sc    fence
 *   EXPLORE_STATES    a file; every execution appends its final state as one
 *                     line
 *
 * Orders are rlx, acq, rel and sc; read-modify-writes are seq_cst.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/case.h"

enum { LOCATIONS = 3, REGISTERS = 4, LENGTH = 8, THREADS = 3 };

struct instruction { char kind, order; int reg, loc, x, y; };

struct state {
	word64 loc[LOCATIONS];
	uint64_t reg[THREADS][REGISTERS];
};

static struct instruction program[THREADS][LENGTH];
static unsigned lengths[THREADS], threads;
static FILE *states;

#define UNSEEN __attribute__((no_sanitize("thread")))

/* The instruction that begins at text. */
UNSEEN static struct instruction parse(const char *text)
{
	struct instruction i = { .kind = *text };
	char reg[8] = "r0", loc[8] = "x", order[8] = "";
	switch (i.kind) {
	case 'L':
		sscanf(text, "L %7s %7s %7s", reg, loc, order);
		break;
	case 'S':
		sscanf(text, "S %7s %d %7s", loc, &i.x, order);
		break;
	case 'C':
		sscanf(text, "C %7s %7s %d %d", reg, loc, &i.x, &i.y);
		break;
	case 'F':
		sscanf(text, "F %7s", order);
		break;
	default:
		sscanf(text + 1, " %7s %7s %d", reg, loc, &i.x);
	}
	i.reg = reg[1] - '0';
	i.loc = loc[0] - 'x';
	i.order = strcmp(order, "rel") == 0 ? 'e' : order[0];
	return i;
}

UNSEEN __attribute__((constructor)) static void read_program(void)
{
	const char *text = getenv("EXPLORE_PROGRAM"), *path = getenv("EXPLORE_STATES");
	if (!text || !path)
		return;
	states = fopen(path, "w");
	for (threads = 1;; text++) {
		unsigned t = threads - 1;
		text += strspn(text, " ");
		if (*text && *text != ';' && *text != '|')
			program[t][lengths[t]++] = parse(text);
		text += strcspn(text, ";|");
		if (!*text)
			return;
		threads += *text == '|';
	}
}

static void load(struct state *s, const struct instruction *i, uint64_t *reg)
{
	word64 *w = &s->loc[i->loc];
	if (i->order == 's')
		*reg = load_seq_cst(w);
	else if (i->order == 'a')
		/* pairs with: any store of the program */
		*reg = load_acquire(w);
	else
		/* relaxed: as the program says */
		*reg = load_relaxed(w);
}

static void store(struct state *s, const struct instruction *i)
{
	word64 *w = &s->loc[i->loc];
	if (i->order == 's')
		store_seq_cst(w, i->x);
	else if (i->order == 'e')
		/* pairs with: any load of the program */
		store_release(w, i->x);
	else
		/* relaxed: as the program says */
		store_relaxed(w, i->x);
}

static void step(struct state *s, const struct instruction *i, uint64_t *reg)
{
	word64 *w = &s->loc[i->loc];
	uint64_t seen = i->x;
	switch (i->kind) {
	case 'L':
		load(s, i, reg);
		return;
	case 'S':
		store(s, i);
		return;
	case 'X':
		/* pairs with: any access of the program, like those below */
		*reg = exchange_seq_cst(w, i->x);
		return;
	case 'A':
		*reg = fetch_add_seq_cst(w, i->x);
		return;
	case 'C':
		cas_seq_cst(w, &seen, i->y);
		*reg = seen;
		return;
	case 'F':
		if (i->order == 's')
			fence_seq_cst();
	}
}

static void run(struct state *s, unsigned t)
{
	for (unsigned n = 0; n < lengths[t]; n++)
		step(s, &program[t][n], &s->reg[t][program[t][n].reg]);
}

static void first(void *state, struct slot *me) { (void)me; run(state, 0); }
static void second(void *state, struct slot *me) { (void)me; run(state, 1); }
static void third(void *state, struct slot *me) { (void)me; run(state, 2); }

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	for (unsigned i = 0; i < LOCATIONS; i++)
		word_init(&s->loc[i], 0);
	memset(s->reg, 0, sizeof s->reg);
}

UNSEEN static int judge(const void *state, const struct slot *slots)
{
	const uint64_t *words = state; /* locations, then registers */
	(void)slots;
	if (!states)
		return 0;
	for (unsigned i = 0; i < LOCATIONS + THREADS * REGISTERS; i++)
		fprintf(states, "%ju ", (uintmax_t)words[i]);
	fputc('\n', states);
	return 0;
}

CASE(program, .purpose = "a program from the environment", .state_size = sizeof(struct state),
     .actor = { { "first", first }, { "second", second }, { "third", third } },
     .prepare = prepare, .judge = judge, OUTCOMES({ "ran", OK, NO_FAILURE, "it ran to its end" }));
