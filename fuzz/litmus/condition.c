/* The last part of a litmus file: what is shown, and the condition. */
#include <stdio.h>
#include <string.h>

#include "litmus/lexer.h"
#include "litmus/litmus.h"

/* The index among the observed of a cell or register named here: x, [x] or
 * 0:r1. */
static int take_observed(struct litmus *t, struct lexer *x)
{
	struct observed o = { .thread = -1, .reg = -1 };
	bool bracket = accept(x, "[");
	char name[MAX_NAME];
	if (next_is(x, ":")) {
		long thread = take_number(x);
		if (thread < 0 || thread >= t->programs)
			syntax_error(x, "no thread %ld", thread);
		take(x);
		copy(x, take_name(x), name, sizeof name);
		const struct program *p = &t->program[thread];
		for (unsigned i = 0; i < p->registers; i++)
			if (strcmp(p->name[i], name) == 0)
				o.reg = i;
		o.thread = thread;
		snprintf(o.text, sizeof o.text, "%ld:%s", thread, name);
	} else {
		copy(x, take_name(x), name, sizeof name);
		for (unsigned i = 0; i < t->cells; i++)
			if (strcmp(t->cell[i].name, name) == 0)
				o.reg = i;
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

static void add(struct litmus *t, struct lexer *x, struct term term)
{
	if (t->terms == MAX_TERMS)
		syntax_error(x, "a condition of more than %d terms", MAX_TERMS);
	t->term[t->terms++] = term;
}

static void either(struct litmus *t, struct lexer *x);

static void atom(struct litmus *t, struct lexer *x)
{
	if (accept(x, "~") || accept(x, "not")) {
		atom(t, x);
		add(t, x, (struct term){ .kind = T_NOT });
	} else if (accept(x, "(")) {
		either(t, x);
		expect(x, ")");
	} else if (accept(x, "true")) {
		add(t, x, (struct term){ .kind = T_TRUE });
	} else if (accept(x, "false")) {
		add(t, x, (struct term){ .kind = T_FALSE });
	} else {
		struct term term = { .kind = T_COMPARE, .observed = take_observed(t, x) };
		term.equal = is(x, "=") || is(x, "==");
		if (!term.equal && !is(x, "!=") && !is(x, "<>"))
			syntax_error(x, "\"=\" or \"!=\" expected");
		take(x);
		term.value = take_number(x);
		add(t, x, term);
	}
}

static void both(struct litmus *t, struct lexer *x)
{
	atom(t, x);
	while (accept(x, "/\\") || accept(x, "&&")) {
		atom(t, x);
		add(t, x, (struct term){ .kind = T_AND });
	}
}

static void either(struct litmus *t, struct lexer *x)
{
	both(t, x);
	while (accept(x, "\\/") || accept(x, "||")) {
		both(t, x);
		add(t, x, (struct term){ .kind = T_OR });
	}
}

void litmus_read_condition(struct litmus *t, struct lexer *x)
{
	if (accept(x, "locations")) {
		expect(x, "[");
		while (!accept(x, "]")) {
			take_observed(t, x);
			if (!is(x, "]") && !accept(x, ";") && !accept(x, ","))
				syntax_error(x, "\";\" expected");
		}
	}
	const char *begin = x->now.text;
	if (x->now.length == 0)
		return;
	if (accept(x, "exists")) {
		t->quantifier = EXISTS;
	} else if (accept(x, "forall")) {
		t->quantifier = FORALL;
	} else if (is(x, "~") && next_is(x, "exists")) {
		take(x);
		take(x);
		t->quantifier = NOT_EXISTS;
	} else {
		syntax_error(x, "exists, ~exists or forall expected, not \"%.*s\"",
			     (int)x->now.length, x->now.text);
	}
	either(t, x);
	if (x->now.length)
		syntax_error(x, "\"%.*s\" after the condition", (int)x->now.length, x->now.text);
	unsigned n = 0;
	for (const char *c = begin; *c && n + 1 < sizeof t->condition; c++) {
		bool space = strchr(" \t\r\n", *c);
		if (!space || (n > 0 && t->condition[n - 1] != ' '))
			t->condition[n++] = space ? ' ' : *c;
	}
	while (n > 0 && t->condition[n - 1] == ' ')
		n--;
	t->condition[n] = '\0';
}

bool litmus_holds(const struct litmus *t, const int32_t *state)
{
	bool stack[MAX_TERMS];
	unsigned n = 0;
	for (const struct term *term = t->term; term < t->term + t->terms; term++) {
		switch (term->kind) {
		case T_COMPARE:
			stack[n++] = (state[term->observed] == term->value) == term->equal;
			break;
		case T_TRUE:
		case T_FALSE:
			stack[n++] = term->kind == T_TRUE;
			break;
		case T_NOT:
			stack[n - 1] = !stack[n - 1];
			break;
		case T_AND:
			n--;
			stack[n - 1] = stack[n - 1] && stack[n];
			break;
		case T_OR:
			n--;
			stack[n - 1] = stack[n - 1] || stack[n];
			break;
		}
	}
	return n > 0 && stack[0];
}
