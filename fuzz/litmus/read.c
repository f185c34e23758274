/* Reader of herd's C litmus files: threads of atomics with explicit orders or
 * none (seq_cst), plain accesses, locals, if, while and do.
 *
 * A plain location that only one thread uses becomes a register of that thread;
 * compare-and-swaps keep the value that they expect in such.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litmus/lexer.h"
#include "litmus/parse.h"

/* --- registers and cells --- */

static int named_register(struct parser *p, const char *name, bool make)
{
	struct program *g = p->program;
	for (unsigned i = 0; i < g->registers; i++)
		if (strcmp(g->name[i], name) == 0)
			return i;
	if (!make)
		return -1;
	if (g->registers == MAX_REGISTERS)
		syntax_error(p->x, "more than %d registers in a thread", MAX_REGISTERS);
	strcpy(g->name[g->registers], name);
	return g->registers++;
}

int new_register(struct parser *p)
{
	char name[MAX_NAME];
	snprintf(name, sizeof name, "$%u", p->program->registers);
	return named_register(p, name, true);
}

int find_cell(const struct litmus *t, const char *name)
{
	for (unsigned i = 0; i < t->cells; i++)
		if (strcmp(t->cell[i].name, name) == 0)
			return i;
	return -1;
}

static int make_cell(struct litmus *t, struct lexer *x, const char *name)
{
	int i = find_cell(t, name);
	if (i >= 0)
		return i;
	if (t->cells == MAX_CELLS)
		syntax_error(x, "more than %d locations", MAX_CELLS);
	t->cell[t->cells] = (struct cell_name){ .thread = -1 };
	strcpy(t->cell[t->cells].name, name);
	return t->cells++;
}

struct instruction *emit(struct parser *p, enum instruction_kind kind)
{
	struct program *g = p->program;
	if (g->length == MAX_CODE)
		syntax_error(p->x, "more than %d instructions in a thread", MAX_CODE);
	g->code[g->length] = (struct instruction){ .kind = kind, .reg = -1, .expected = -1 };
	return &g->code[g->length++];
}

int expression(struct parser *p, enum expression_kind kind, int a, int b)
{
	struct litmus *t = p->t;
	if (t->expressions == MAX_EXPRESSIONS)
		syntax_error(p->x, "more than %d expressions", MAX_EXPRESSIONS);
	t->expression[t->expressions] = (struct expression){ kind, a, b };
	return t->expressions++;
}

/* --- statements --- */

static void statement(struct parser *p);

/* Emits a jump to a place that is not known yet. */
static int jump(struct parser *p, enum instruction_kind kind, int condition)
{
	emit(p, kind)->value = condition;
	return p->program->length - 1;
}

static void land(struct parser *p, int jump)
{
	p->program->code[jump].target = p->program->length;
}

static int bracketed(struct parser *p)
{
	expect(p->x, "(");
	int e = parse_expression(p);
	expect(p->x, ")");
	return e;
}

static void if_statement(struct parser *p)
{
	int otherwise = jump(p, JUMP_ZERO, bracketed(p));
	statement(p);
	if (!accept(p->x, "else")) {
		land(p, otherwise);
		return;
	}
	int end = jump(p, JUMP, 0);
	land(p, otherwise);
	statement(p);
	land(p, end);
}

static void while_statement(struct parser *p)
{
	int again = p->program->length;
	int end = jump(p, JUMP_ZERO, bracketed(p));
	statement(p);
	emit(p, JUMP)->target = again;
	land(p, end);
}

static void do_statement(struct parser *p)
{
	int again = p->program->length;
	statement(p);
	expect(p->x, "while");
	int end = jump(p, JUMP_ZERO, bracketed(p));
	emit(p, JUMP)->target = again;
	land(p, end);
	expect(p->x, ";");
}

void store_plain(struct parser *p, int cell, int value)
{
	struct cell_name *c = &p->t->cell[cell];
	struct instruction *i = emit(p, c->shared ? STORE : LET);
	i->order = RELAXED;
	i->cell = cell;
	i->value = value;
	i->reg = c->reg;
}

static void assignment(struct parser *p)
{
	struct lexer *x = p->x;
	char name[MAX_NAME];
	bool typed = false;
	while (accept(x, "int") || accept(x, "volatile") || accept(x, "unsigned") ||
	       accept(x, "long"))
		typed = true;
	if (accept(x, "*")) {
		if (typed)
			syntax_error(x, "pointers are not read");
		struct token t = take_name(x);
		copy(x, t, name, sizeof name);
		int cell = find_cell(p->t, name);
		if (cell < 0)
			syntax_error(x, "no location \"%s\"", name);
		expect(x, "=");
		store_plain(p, cell, parse_expression(p));
		return;
	}
	copy(x, x->now, name, sizeof name);
	if (!next_is(x, "=") && !typed) {
		parse_expression(p);
		return;
	}
	take_name(x);
	int value = accept(x, "=") ? parse_expression(p) : expression(p, E_NUMBER, 0, 0);
	if (find_cell(p->t, name) >= 0)
		syntax_error(x, "\"%s\" is a location: *%s = ... stores there", name, name);
	struct instruction *i = emit(p, LET);
	i->reg = named_register(p, name, true);
	i->value = value;
}

static void statement(struct parser *p)
{
	struct lexer *x = p->x;
	static const char *const unread[] = { "for", "switch", "goto", "return", "break",
					      "continue" };
	for (unsigned i = 0; i < sizeof unread / sizeof *unread; i++)
		if (is(x, unread[i]))
			syntax_error(x, "\"%s\" is not read", unread[i]);
	if (accept(x, "{")) {
		while (!accept(x, "}"))
			statement(p);
	} else if (accept(x, "if")) {
		if_statement(p);
	} else if (accept(x, "while")) {
		while_statement(p);
	} else if (accept(x, "do")) {
		do_statement(p);
	} else if (!accept(x, ";")) {
		assignment(p);
		expect(x, ";");
	}
}

int register_named(struct parser *p, const char *name)
{
	return named_register(p, name, false);
}

/* --- the file --- */

/* { [x]=1; int y = 2; 0:r0=3; } */
static void read_initial(struct litmus *t, struct lexer *x)
{
	char name[MAX_NAME];
	expect(x, "{");
	while (!accept(x, "}")) {
		if (accept(x, ";"))
			continue;
		if (next_is(x, ":"))
			syntax_error(x, "registers with initial values are not read");
		while (isalpha((unsigned char)*x->now.text) &&
		       (isalpha((unsigned char)*x->next.text) || next_is(x, "*") ||
			next_is(x, "[")))
			take(x); /* a type */
		accept(x, "*");
		bool bracket = accept(x, "[");
		copy(x, take_name(x), name, sizeof name);
		if (bracket)
			expect(x, "]");
		int cell = make_cell(t, x, name);
		if (accept(x, "="))
			t->cell[cell].initial = take_number(x);
	}
}

/* ( atomic_int* x, volatile int* y ): which names, and which of them are
 * plain. */
static void read_parameters(struct parser *p)
{
	struct lexer *x = p->x;
	expect(x, "(");
	while (!accept(x, ")")) {
		bool atomic = false, pointer = false;
		char name[MAX_NAME] = "";
		while (!is(x, ",") && !is(x, ")")) {
			if (accept(x, "*")) {
				pointer = true;
				continue;
			}
			copy(x, take_name(x), name, sizeof name);
			atomic |= strncmp(name, "atomic_", 7) == 0 || strcmp(name, "_Atomic") == 0;
		}
		if (!pointer)
			syntax_error(x, "parameter \"%s\" is no pointer", name);
		struct cell_name *c = &p->t->cell[make_cell(p->t, x, name)];
		c->shared |= atomic || (c->thread >= 0 && c->thread != p->thread);
		c->thread = p->thread;
		accept(x, ",");
	}
}

static void skip_body(struct lexer *x)
{
	unsigned depth = 0;
	do {
		depth += is(x, "{");
		depth -= is(x, "}");
		take(x);
	} while (depth > 0);
}

/* P0, P1, ...: the number, or -1 where no thread begins. */
static int thread_here(const struct lexer *x)
{
	return x->now.length > 1 && *x->now.text == 'P' && next_is(x, "(") ?
		       atoi(x->now.text + 1) : -1;
}

/* Each thread, by what is done with it: its parameters only, or its body. */
static void read_threads(struct litmus *t, struct lexer *x, bool bodies)
{
	static struct parser p;
	for (t->programs = 0; thread_here(x) >= 0; t->programs++) {
		if (thread_here(x) != (int)t->programs || t->programs == MAX_PROGRAMS)
			syntax_error(x, "thread P%u expected, at most %d", t->programs,
				     MAX_PROGRAMS);
		take(x);
		p = (struct parser){ t, x, &t->program[t->programs], t->programs };
		read_parameters(&p);
		if (!is(x, "{"))
			syntax_error(x, "\"{\" expected");
		if (!bodies) {
			skip_body(x);
			continue;
		}
		for (unsigned i = 0; i < t->cells; i++) {
			struct cell_name *c = &t->cell[i];
			if (c->shared || c->thread != p.thread)
				continue;
			char name[MAX_NAME + 1];
			snprintf(name, sizeof name, ".%s", c->name);
			name[MAX_NAME - 1] = '\0';
			c->reg = named_register(&p, name, true);
			struct instruction *let = emit(&p, LET);
			let->reg = c->reg;
			let->value = expression(&p, E_NUMBER, c->initial, 0);
		}
		statement(&p);
	}
	if (t->programs == 0)
		syntax_error(x, "thread P0 expected, not \"%.*s\"", (int)x->now.length,
			     x->now.text);
}

void litmus_read(struct litmus *t, const char *path, const char *text)
{
	struct lexer lexer, *x = &lexer;
	memset(t, 0, sizeof *t);
	lexer_begin(x, path, text);
	if (!is(x, "C"))
		syntax_error(x, "a C litmus file begins with \"C NAME\", not \"%.*s\"",
			     (int)x->now.length, x->now.text);
	x->at = x->next.text;
	x->line = x->next.line;
	x->now = x->next;
	copy(x, lexer_word(x), t->name, sizeof t->name);
	if (*x->now.text == '"')
		while (!is(x, "{"))
			take(x);
	read_initial(t, x);
	struct lexer bodies = *x;
	read_threads(t, x, false);
	read_threads(t, &bodies, true);
	litmus_read_condition(t, &bodies);
}
