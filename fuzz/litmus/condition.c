/* The last part of a litmus file: what is shown, which states count, and the
 * condition.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litmus/lexer.h"
#include "litmus/parse.h"

/* The index among the observed of a cell or register named here: x, [x] or
 * 0:r1. */
static int take_observed(struct litmus *t, struct lexer *x)
{
	struct observed o = { .thread = -1, .reg = -1 };
	bool bracket = accept(x, "[");
	char name[MAX_NAME];
	if (next_is(x, ":")) {
		bool letter = *x->now.text == 'P';
		long thread = letter ? strtol(x->now.text + 1, NULL, 10) : take_number(x);
		if (letter)
			take(x);
		if (thread < 0 || thread >= t->programs)
			syntax_error(x, "no thread %ld", thread);
		take(x);
		copy(x, take_name(x), name, sizeof name);
		struct parser p = { .t = t, .x = x, .program = &t->program[thread] };
		o.thread = thread;
		o.reg = named_register(&p, name, false);
		snprintf(o.text, sizeof o.text, "%ld:%s", thread, name);
	} else {
		copy(x, take_name(x), name, sizeof name);
		o.reg = find_cell(t, name);
		snprintf(o.text, sizeof o.text, "[%s]", name);
	}
	if (o.reg < 0)
		syntax_error(x, "%s is not in the test", o.text);
	if (bracket)
		expect(x, "]");
	for (unsigned i = 0; i < t->shown; i++)
		if (strcmp(t->observed[i].text, o.text) == 0)
			return i;
	if (t->shown == MAX_OBSERVED)
		syntax_error(x, "more than %d names observed", MAX_OBSERVED);
	t->observed[t->shown] = o;
	return t->shown++;
}

static int add(struct litmus *t, struct lexer *x, enum term_kind kind, int a, int b)
{
	if (t->terms == MAX_TERMS)
		syntax_error(x, "a condition of more than %d terms", MAX_TERMS);
	t->term[t->terms] = (struct term){ .kind = kind, .a = a, .b = b };
	return t->terms++;
}

static int either(struct litmus *t, struct lexer *x);

/* Whether another observed one stands here, not a value: 1:r0, [y], or *y. */
static bool observed_here(const struct lexer *x)
{
	return next_is(x, ":") || is(x, "[");
}

/* A number, or x or &x: the address of a location. */
static int32_t expected_value(const struct litmus *t, struct lexer *x)
{
	char name[MAX_NAME];
	bool address = accept(x, "&");
	if (!address && !isalpha((unsigned char)*x->now.text))
		return take_number(x);
	copy(x, take_name(x), name, sizeof name);
	int cell = find_cell(t, name);
	if (cell < 0)
		syntax_error(x, "%s is not in the test", name);
	return POINTER + cell;
}

static int comparison(struct litmus *t, struct lexer *x)
{
	int a = take_observed(t, x);
	bool different = is(x, "!=") || is(x, "<>");
	if (!different && !is(x, "=") && !is(x, "=="))
		syntax_error(x, "\"=\" or \"!=\" expected");
	take(x);
	bool star = accept(x, "*");
	int term;
	if (star || observed_here(x)) {
		int b = take_observed(t, x);
		term = add(t, x, T_SAME, a, b);
	} else {
		term = add(t, x, T_VALUE, a, -1);
		t->term[term].value = expected_value(t, x);
	}
	return different ? add(t, x, T_NOT, term, -1) : term;
}

static int atom(struct litmus *t, struct lexer *x)
{
	int inner;
	if (accept(x, "~") || accept(x, "not")) {
		deeper(x);
		inner = add(t, x, T_NOT, atom(t, x), -1);
		shallower(x);
		return inner;
	}
	if (accept(x, "true"))
		return add(t, x, T_TRUE, -1, -1);
	if (accept(x, "false"))
		return add(t, x, T_FALSE, -1, -1);
	if (!accept(x, "("))
		return comparison(t, x);
	deeper(x);
	inner = either(t, x);
	shallower(x);
	expect(x, ")");
	return inner;
}

/* herd lets this one bind most. */
static int implies(struct litmus *t, struct lexer *x)
{
	int left = atom(t, x);
	if (!accept(x, "=>"))
		return left;
	deeper(x);
	int right = implies(t, x);
	shallower(x);
	return add(t, x, T_IMPLIES, left, right);
}

static int both(struct litmus *t, struct lexer *x)
{
	int left = implies(t, x);
	while (accept(x, "/\\") || accept(x, "&&"))
		left = add(t, x, T_AND, left, implies(t, x));
	return left;
}

static int either(struct litmus *t, struct lexer *x)
{
	int left = both(t, x);
	while (accept(x, "\\/") || accept(x, "||"))
		left = add(t, x, T_OR, left, both(t, x));
	return left;
}

static void read_locations(struct litmus *t, struct lexer *x)
{
	expect(x, "[");
	while (!accept(x, "]")) {
		/* A type before it, as in C, or behind it, as herd has it. */
		take_type(x);
		take_observed(t, x);
		while (!is(x, "]") && !is(x, ";") && !is(x, ",")) {
			if (take_type(x) < 0 && !accept(x, "*") && !accept(x, "int"))
				syntax_error(x, "\";\" expected");
		}
		if (!is(x, "]"))
			take(x);
	}
}

void litmus_read_condition(struct litmus *t, struct lexer *x)
{
	t->filter = -1;
	if (accept(x, "locations"))
		read_locations(t, x);
	if (accept(x, "filter"))
		t->filter = either(t, x);
	t->quantifier = FORALL;
	if (x->now.length == 0) { /* none: as herd has it, forall true */
		t->condition = add(t, x, T_TRUE, -1, -1);
		return;
	}
	if (accept(x, "exists") || accept(x, "final") || is(x, "(")) {
		t->quantifier = EXISTS;
	} else if ((is(x, "~") || is(x, "not")) && next_is(x, "exists")) {
		take(x);
		take(x);
		t->quantifier = NOT_EXISTS;
	} else if (!accept(x, "forall")) {
		syntax_error(x, "exists, ~exists or forall expected, not \"%.*s\"",
			     (int)x->now.length, x->now.text);
	}
	t->condition = either(t, x);
	accept(x, ";");
	if (x->now.length)
		syntax_error(x, "\"%.*s\" after the condition", (int)x->now.length, x->now.text);
}

bool litmus_holds(const struct litmus *t, int term, const int32_t *state)
{
	const struct term *m = &t->term[term];
	switch (m->kind) {
	case T_VALUE:
		return state[m->a] == m->value;
	case T_SAME:
		return state[m->a] == state[m->b];
	case T_TRUE:
	case T_FALSE:
		return m->kind == T_TRUE;
	case T_NOT:
		return !litmus_holds(t, m->a, state);
	case T_AND:
		return litmus_holds(t, m->a, state) && litmus_holds(t, m->b, state);
	case T_OR:
		return litmus_holds(t, m->a, state) || litmus_holds(t, m->b, state);
	case T_IMPLIES:
		break;
	}
	return !litmus_holds(t, m->a, state) || litmus_holds(t, m->b, state);
}

/* --- writing it --- */

void litmus_number(const struct litmus *t, int32_t value, char text[MAX_NAME])
{
	unsigned cell = value - POINTER;
	if (value >= POINTER && cell < t->cells)
		snprintf(text, MAX_NAME, "%s", t->cell[cell].name);
	else
		snprintf(text, MAX_NAME, "%d", value);
}

struct writer { char *text; size_t used; };

__attribute__((format(printf, 2, 3)))
static void put(struct writer *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t room = MAX_CONDITION - w->used;
	int n = vsnprintf(w->text + w->used, room, format, args);
	w->used += n < (int)room ? (size_t)n : room - 1;
	va_end(args);
}

/* Whether a term stands in brackets inside another one. */
static bool bracketed(enum term_kind outer, enum term_kind inner)
{
	if (inner < T_AND || outer < T_AND)
		return false;
	return outer != inner && !(outer == T_OR && inner == T_AND);
}

static void write_term(const struct litmus *t, int term, enum term_kind outer, struct writer *w)
{
	static const char *const joint[] = { [T_AND] = "/\\", [T_OR] = "\\/", [T_IMPLIES] = "=>" };
	const struct term *m = &t->term[term];
	char value[MAX_NAME];
	bool brackets = bracketed(outer, m->kind);
	switch (m->kind) {
	case T_VALUE:
		litmus_number(t, m->value, value);
		put(w, "%s=%s", t->observed[m->a].text, value);
		return;
	case T_SAME:
		put(w, "%s=%s", t->observed[m->a].text, t->observed[m->b].text);
		return;
	case T_TRUE:
	case T_FALSE:
		put(w, m->kind == T_TRUE ? "true" : "false");
		return;
	case T_NOT:
		put(w, "not (");
		write_term(t, m->a, T_TRUE, w);
		put(w, ")");
		return;
	default:
		put(w, brackets ? "(" : "");
		write_term(t, m->a, m->kind, w);
		put(w, " %s ", joint[m->kind]);
		write_term(t, m->b, m->kind, w);
		put(w, brackets ? ")" : "");
	}
}

void litmus_condition(const struct litmus *t, char text[MAX_CONDITION])
{
	static const char *const word[] = { "exists", "~exists", "forall" };
	struct writer w = { text, 0 };
	put(&w, "%s (", word[t->quantifier]);
	write_term(t, t->condition, T_TRUE, &w);
	put(&w, ")");
}
