/* The parts of a litmus file in front of the code: the initial state, and the
 * threads' parameters.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "litmus/lexer.h"
#include "litmus/parse.h"

static bool begins_name(const struct token *t)
{
	return t->length > 0 && (isalpha((unsigned char)*t->text) || *t->text == '_');
}

/* Words of types; and all that ends in _t or begins with atomic_ and is not
 * called. */
static bool type_word(const struct lexer *x)
{
	static const char *const words[] = { "int", "long", "short", "char", "unsigned", "signed",
					     "volatile", "const", "register", "bool", "_Bool",
					     "__int128", "void", "_Atomic" };
	const struct token *t = &x->now;
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (is(x, words[i]))
			return true;
	if (!begins_name(t) || (!begins_name(&x->next) && !next_is(x, "*") && !next_is(x, ")")))
		return false;
	return (t->length > 2 && strncmp(t->text + t->length - 2, "_t", 2) == 0) ||
	       (t->length > 7 && strncmp(t->text, "atomic_", 7) == 0);
}

/* The (int*) of _Atomic(int*). */
static void skip_group(struct lexer *x)
{
	unsigned depth = 0;
	do {
		depth += is(x, "(");
		depth -= is(x, ")");
		take(x);
	} while (depth > 0);
}

int take_type(struct lexer *x)
{
	if (!type_word(x))
		return -1;
	int stars = 0;
	while (type_word(x) || is(x, "*")) {
		bool group = is(x, "_Atomic") && next_is(x, "(");
		stars += is(x, "*");
		take(x);
		if (group)
			skip_group(x);
	}
	return stars;
}

/* --- the initial state --- */

int32_t take_value(struct litmus *t, struct lexer *x)
{
	char name[MAX_NAME];
	bool wrapped = is(x, "ATOMIC_INIT") && next_is(x, "(");
	if (wrapped) {
		take(x);
		take(x);
	}
	bool address = accept(x, "&"), bracket = accept(x, "[");
	int32_t value;
	if (address || bracket || begins_name(&x->now)) {
		copy(x, take_name(x), name, sizeof name);
		int cell = make_cell(t, x, name);
		t->cell[cell].shared = true;
		value = POINTER + cell;
	} else {
		value = take_number(x);
	}
	if (bracket)
		expect(x, "]");
	if (wrapped)
		expect(x, ")");
	return value;
}

/* 0:r1=5: kept as a register that emit_initial() will set. */
static void initial_register(struct litmus *t, struct lexer *x)
{
	char name[MAX_NAME];
	struct token number = x->now;
	long thread = take_number(x);
	expect(x, ":");
	if (thread < 0 || thread >= MAX_PROGRAMS)
		syntax_error(x, "thread %.*s: at most %d", (int)number.length, number.text,
			     MAX_PROGRAMS);
	copy(x, take_name(x), name, sizeof name);
	struct parser p = { .t = t, .x = x, .program = &t->program[thread], .thread = thread };
	int reg = named_register(&p, name, true);
	p.program->initial[reg] = accept(x, "=") ? take_value(t, x) : 0;
	p.program->initials = p.program->registers;
}

/* Skips what stands before the name: the words of its type. */
static void skip_types(struct lexer *x)
{
	while (!next_is(x, "=") && !next_is(x, ";") && !next_is(x, ":") && !next_is(x, "}") &&
	       !is(x, "[") && (begins_name(&x->now) || is(x, "*"))) {
		bool group = is(x, "_Atomic") && next_is(x, "(");
		take(x);
		if (group)
			skip_group(x);
		if (is(x, "[") && isdigit((unsigned char)*x->next.text))
			syntax_error(x, "arrays are not read");
	}
}

void read_initial(struct litmus *t, struct lexer *x)
{
	char name[MAX_NAME];
	expect(x, "{");
	while (!accept(x, "}")) {
		if (accept(x, ";"))
			continue;
		skip_types(x);
		if (next_is(x, ":")) {
			initial_register(t, x);
		} else {
			bool bracket = accept(x, "[");
			copy(x, take_name(x), name, sizeof name);
			if (bracket)
				expect(x, "]");
			int cell = make_cell(t, x, name);
			if (accept(x, "=")) {
				int32_t value = take_value(t, x);
				t->cell[cell].initial = value;
			}
		}
		if (!is(x, "}"))
			expect(x, ";");
	}
}

/* --- parameters --- */

static bool word_is_atomic(const struct token *t)
{
	return (t->length == 7 && strncmp(t->text, "_Atomic", 7) == 0) ||
	       (t->length > 7 && strncmp(t->text, "atomic_", 7) == 0);
}

void read_parameters(struct parser *p)
{
	struct lexer *x = p->x;
	expect(x, "(");
	while (!accept(x, ")")) {
		bool atomic = false, pointer = false;
		char name[MAX_NAME] = "";
		while (!is(x, ",") && !is(x, ")")) {
			if (accept(x, "*")) {
				pointer = true;
			} else if (is(x, "(")) {
				skip_group(x);
			} else {
				struct token word = take_name(x);
				atomic |= word_is_atomic(&word);
				copy(x, word, name, sizeof name);
			}
		}
		if (strcmp(name, "void") == 0 && !pointer && is(x, ")"))
			continue;
		if (!pointer)
			syntax_error(x, "parameter \"%s\" is no pointer", name);
		struct cell_name *c = &p->t->cell[make_cell(p->t, x, name)];
		c->shared |= atomic || (c->thread >= 0 && c->thread != p->thread);
		c->thread = p->thread;
		accept(x, ",");
	}
}

static void begin_register(struct parser *p, int reg, int32_t value)
{
	struct instruction *let = emit(p, LET);
	let->reg = reg;
	let->value = expression(p, E_NUMBER, value, 0);
}

void emit_initial(struct parser *p)
{
	struct litmus *t = p->t;
	p->program->registers = p->program->initials;
	for (unsigned i = 0; i < p->program->initials; i++)
		begin_register(p, i, p->program->initial[i]);
	for (unsigned i = 0; i < t->cells; i++) {
		struct cell_name *c = &t->cell[i];
		if (c->shared || c->thread != p->thread)
			continue;
		char name[MAX_NAME + 1];
		snprintf(name, sizeof name, ".%s", c->name);
		name[MAX_NAME - 1] = '\0';
		c->reg = named_register(p, name, true);
		begin_register(p, c->reg, c->initial);
	}
}
