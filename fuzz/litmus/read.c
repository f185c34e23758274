/* Reader of herd's C litmus files: threads of atomics with explicit orders or
 * none (seq_cst), plain accesses, pointers, locals, if, while and do.
 *
 * A plain location that only one thread uses becomes a register of that thread;
 * compare-and-swaps keep the value that they expect in such. Where the code
 * takes its address after all it is read once more, with that one shared.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litmus/lexer.h"
#include "litmus/parse.h"

/* --- registers and cells --- */

int named_register(struct parser *p, const char *name, bool make)
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

int make_cell(struct litmus *t, struct lexer *x, const char *name)
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
	g->code[g->length] = (struct instruction){
		.kind = kind, .reg = -1, .stored = -1, .address = -1, .expected = -1,
		.line = p->x->now.line,
	};
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

void make_shared(struct parser *p, int cell)
{
	p->again |= !p->t->cell[cell].shared;
	p->t->cell[cell].shared = true;
}

void store_plain(struct parser *p, struct place to, int value)
{
	struct instruction *i = emit(p, to.reg < 0 ? STORE : LET);
	i->order = RELAXED;
	i->plain = true;
	i->address = to.address;
	i->value = value;
	i->reg = to.reg;
	p->t->plain |= to.reg < 0;
}

int load_plain(struct parser *p, struct place from)
{
	if (from.reg < 0) {
		struct instruction *i = emit(p, LOAD);
		i->order = RELAXED;
		i->plain = true;
		i->address = from.address;
		from.reg = i->reg = new_register(p);
		p->t->plain = true;
	}
	return expression(p, E_REGISTER, from.reg, 0);
}

/* = e, += e, -= e, ++ or -- behind a place. */
static void assign(struct parser *p, struct place to)
{
	struct lexer *x = p->x;
	int one = expression(p, E_NUMBER, 1, 0), value;
	if (accept(x, "+="))
		value = expression(p, E_ADD, load_plain(p, to), parse_expression(p));
	else if (accept(x, "-="))
		value = expression(p, E_SUB, load_plain(p, to), parse_expression(p));
	else if (accept(x, "++"))
		value = expression(p, E_ADD, load_plain(p, to), one);
	else if (accept(x, "--"))
		value = expression(p, E_SUB, load_plain(p, to), one);
	else {
		expect(x, "=");
		value = parse_expression(p);
	}
	store_plain(p, to, value);
}

static int declare(struct parser *p)
{
	char name[MAX_NAME];
	copy(p->x, take_name(p->x), name, sizeof name);
	return named_register(p, name, true);
}

/* The names behind a type: a, *b = e, c = e. */
static void declaration(struct parser *p)
{
	do {
		while (accept(p->x, "*") || accept(p->x, "const") || accept(p->x, "volatile"))
			;
		int reg = declare(p);
		if (is(p->x, "="))
			assign(p, (struct place){ reg, -1 });
	} while (accept(p->x, ","));
}

/* A declaration, an assignment, or an expression for its effects. */
static void simple_statement(struct parser *p)
{
	struct lexer *x = p->x;
	static const char *const assigns[] = { "=", "+=", "-=", "++", "--" };
	char name[MAX_NAME];
	if (take_type(x) >= 0) {
		declaration(p);
		return;
	}
	if (accept(x, "*")) {
		assign(p, parse_dereferenced(p));
		return;
	}
	for (unsigned i = 0; i < sizeof assigns / sizeof *assigns; i++) {
		if (!next_is(x, assigns[i]))
			continue;
		copy(x, x->now, name, sizeof name);
		if (named_register(p, name, false) < 0 && find_cell(p->t, name) >= 0)
			syntax_error(x, "\"%s\" is a location: *%s = ... stores there", name,
				     name);
		assign(p, (struct place){ declare(p), -1 });
		return;
	}
	parse_expression(p);
}

static void statement(struct parser *p)
{
	struct lexer *x = p->x;
	deeper(x);
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
		simple_statement(p);
		expect(x, ";");
	}
	shallower(x);
}

/* --- the file --- */

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

/* Each thread, by what is done with it: its parameters only, or its body.
 * Returns whether that must be done once more. */
static bool read_threads(struct litmus *t, struct lexer *x, bool bodies)
{
	static struct parser p;
	bool again = false;
	t->expressions = 0;
	t->plain = false;
	for (t->programs = 0; thread_here(x) >= 0; t->programs++) {
		if (thread_here(x) != (int)t->programs || t->programs == MAX_PROGRAMS)
			syntax_error(x, "thread P%u expected, at most %d", t->programs,
				     MAX_PROGRAMS);
		take(x);
		p = (struct parser){ t, x, &t->program[t->programs], t->programs, false };
		p.program->length = 0;
		read_parameters(&p);
		if (!is(x, "{"))
			syntax_error(x, "\"{\" expected");
		if (!bodies) {
			skip_body(x);
			continue;
		}
		emit_initial(&p);
		statement(&p);
		again |= p.again;
	}
	if (t->programs == 0)
		syntax_error(x, "thread P0 expected, not \"%.*s\"", (int)x->now.length,
			     x->now.text);
	return again;
}

/* The name, which ends at a space, and what may stand before the initial state:
 * a text in quotes, and lines of NAME=VALUE. */
static void read_head(struct litmus *t, struct lexer *x)
{
	if (!is(x, "C"))
		syntax_error(x, "a C litmus file begins with \"C NAME\", not \"%.*s\"",
			     (int)x->now.length, x->now.text);
	x->at = x->next.text;
	x->line = x->next.line;
	x->now = x->next;
	copy(x, lexer_word(x), t->name, sizeof t->name);
	while (!is(x, "{"))
		if (*x->now.text == '"')
			lexer_string(x);
		else if (x->now.length == 0 || !isalpha((unsigned char)*x->now.text))
			syntax_error(x, "\"{\" expected, not \"%.*s\"", (int)x->now.length,
				     x->now.text);
		else
			lexer_word(x);
}

void litmus_read(struct litmus *t, const char *path, const char *text)
{
	struct lexer lexer, *x = &lexer;
	memset(t, 0, sizeof *t);
	lexer_begin(x, path, text);
	read_head(t, x);
	read_initial(t, x);
	x->code = true;
	struct lexer bodies = *x;
	read_threads(t, x, false);
	bool again = true;
	while (again) {
		*x = bodies;
		again = read_threads(t, x, true);
	}
	x->code = false;
	litmus_read_condition(t, x);
}
