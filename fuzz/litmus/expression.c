/* Expressions of litmus programs. Accesses inside them are emitted as
 * instructions of their own, from left to right, into registers without a name.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "litmus/parse.h"

static int binary(struct parser *p, unsigned level);

int parse_expression(struct parser *p)
{
	return binary(p, 0);
}

static int reg_value(struct parser *p, int reg)
{
	return expression(p, E_REGISTER, reg, 0);
}

/* --- calls --- */

struct argument {
	bool is_order;
	enum order order;
	int reg;     /* &r of a local, or the private location x: its register */
	int value;   /* any other: the expression; -1 */
};
enum { MOST_ARGUMENTS = 5 };

static bool take_order(struct parser *p, enum order *order)
{
	static const char *const name[] = { "relaxed", "consume", "acquire", "release",
					    "acq_rel", "seq_cst" };
	/* By the rest of the name, as C spells it. */
	static const char prefix[] = "memory" "_order_";
	const struct token *t = &p->x->now;
	if (strncmp(t->text, prefix, sizeof prefix - 1) != 0)
		return false;
	for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
		unsigned length = strlen(name[i]);
		if (t->length == sizeof prefix - 1 + length &&
		    strncmp(t->text + sizeof prefix - 1, name[i], length) == 0) {
			*order = i;
			take(p->x);
			return true;
		}
	}
	syntax_error(p->x, "no order \"%.*s\"", (int)t->length, t->text);
}

/* The register behind a name that stands alone, where its address is meant: of
 * a local after &, or of a private location. */
static int addressed_register(struct parser *p, const char *name, bool address)
{
	int reg = named_register(p, name, false), cell = find_cell(p->t, name);
	if (reg >= 0)
		return address ? reg : -1;
	return cell >= 0 && !p->t->cell[cell].shared ? p->t->cell[cell].reg : -1;
}

static struct argument take_argument(struct parser *p)
{
	struct argument a = { false, SEQ_CST, -1, -1 };
	char name[MAX_NAME];
	if (take_order(p, &a.order)) {
		a.is_order = true;
		return a;
	}
	bool address = accept(p->x, "&");
	bool alone = next_is(p->x, ",") || next_is(p->x, ")");
	if (alone && (isalpha((unsigned char)*p->x->now.text) || *p->x->now.text == '_')) {
		copy(p->x, p->x->now, name, sizeof name);
		a.reg = addressed_register(p, name, address);
		if (a.reg >= 0) {
			take(p->x);
			return a;
		}
	}
	if (address && (!alone || find_cell(p->t, name) < 0))
		syntax_error(p->x, "& takes the name of a location or register");
	a.value = parse_expression(p);
	return a;
}

/* An argument as a value. A location that looked private is not: its address is
 * needed. */
static int value_of(struct parser *p, const struct argument *a)
{
	if (a->value >= 0)
		return a->value;
	for (unsigned i = 0; i < p->t->cells; i++)
		if (!p->t->cell[i].shared && p->t->cell[i].thread == p->thread &&
		    p->t->cell[i].reg == a->reg) {
			make_shared(p, i);
			return expression(p, E_NUMBER, POINTER + i, 0);
		}
	syntax_error(p->x, "the address of a register is not read here");
}

static int compare_exchange(struct parser *p, const struct argument *a, unsigned n, bool weak)
{
	enum order order = n > 3 ? a[3].order : SEQ_CST, fail = n > 4 ? a[4].order : order;
	int address = value_of(p, &a[0]), desired = value_of(p, &a[2]);
	struct place want = { a[1].reg, a[1].value };
	int expected = load_plain(p, want), found = new_register(p), matched = new_register(p);
	struct instruction *i = emit(p, UPDATE);
	i->rmw = COMPARE;
	i->weak = weak;
	i->order = order;
	i->fail = fail;
	i->address = address;
	i->reg = found;
	i->stored = matched;
	i->expected = expected;
	i->value = desired;
	i = emit(p, JUMP_ZERO);
	i->value = expression(p, E_NOT, reg_value(p, matched), 0);
	store_plain(p, want, reg_value(p, found));
	i->target = p->program->length;
	return reg_value(p, matched);
}

static int update(struct parser *p, const struct argument *a, enum rmw rmw, enum order order)
{
	int address = value_of(p, &a[0]), value = value_of(p, &a[1]);
	struct instruction *i = emit(p, UPDATE);
	i->rmw = rmw;
	i->address = address;
	i->value = value;
	i->order = order;
	i->reg = new_register(p);
	return reg_value(p, i->reg);
}

/* By name without "atomic_" and "_explicit": how many arguments before the
 * orders, how many orders, and what it does. */
static const struct function {
	const char *name;
	unsigned values, orders;
	enum { F_LOAD, F_STORE, F_INIT, F_UPDATE, F_COMPARE, F_COMPARE_WEAK, F_FENCE } what;
	enum rmw rmw;
} functions[] = {
	{ "load", 1, 1, F_LOAD, 0 },
	{ "store", 2, 1, F_STORE, 0 },
	{ "init", 2, 0, F_INIT, 0 },
	{ "exchange", 2, 1, F_UPDATE, EXCHANGE },
	{ "fetch_add", 2, 1, F_UPDATE, ADD },
	{ "fetch_sub", 2, 1, F_UPDATE, SUB },
	{ "fetch_and", 2, 1, F_UPDATE, AND },
	{ "fetch_or", 2, 1, F_UPDATE, OR },
	{ "fetch_xor", 2, 1, F_UPDATE, XOR },
	{ "compare_exchange_strong", 3, 2, F_COMPARE, COMPARE },
	{ "compare_exchange_weak", 3, 2, F_COMPARE_WEAK, COMPARE },
	{ "thread_fence", 0, 1, F_FENCE, 0 },
};

static const struct function *function_named(struct parser *p, bool *explicit)
{
	static const char prefix[] = "atomic_", suffix[] = "_explicit";
	const struct token *t = &p->x->now;
	for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
		const struct function *f = &functions[i];
		char name[MAX_NAME];
		strcpy(name, prefix);
		strcat(name, f->name);
		unsigned length = strlen(name);
		*explicit = f->what == F_FENCE;
		if (t->length == length && strncmp(t->text, name, length) == 0)
			return f;
		strcat(name, suffix);
		*explicit = true;
		if (t->length == strlen(name) && strncmp(t->text, name, t->length) == 0)
			return f;
	}
	syntax_error(p->x, "unknown function \"%.*s\"", (int)t->length, t->text);
}

static int call(struct parser *p)
{
	bool explicit;
	const struct function *f = function_named(p, &explicit);
	struct argument a[MOST_ARGUMENTS];
	unsigned n = 0, want = f->values + (explicit ? f->orders : 0);
	take(p->x);
	expect(p->x, "(");
	while (!accept(p->x, ")")) {
		if (n == want)
			syntax_error(p->x, "%s takes %u arguments", f->name, want);
		a[n] = take_argument(p);
		if (a[n].is_order != (n >= f->values))
			syntax_error(p->x, "argument %u of %s is no %s", n + 1, f->name,
				     n >= f->values ? "order" : "value");
		n++;
		if (!is(p->x, ")"))
			expect(p->x, ",");
	}
	if (n != want)
		syntax_error(p->x, "%s takes %u arguments, not %u", f->name, want, n);
	enum order order = explicit ? a[f->values].order : SEQ_CST;
	if (f->what == F_COMPARE || f->what == F_COMPARE_WEAK)
		return compare_exchange(p, a, n, f->what == F_COMPARE_WEAK);
	if (f->what == F_UPDATE)
		return update(p, a, f->rmw, order);
	int address = f->what == F_FENCE ? -1 : value_of(p, &a[0]);
	int value = f->what == F_STORE || f->what == F_INIT ? value_of(p, &a[1]) : -1;
	if (f->what == F_INIT) {
		store_plain(p, (struct place){ -1, address }, value);
		return expression(p, E_NUMBER, 0, 0);
	}
	struct instruction *i = emit(p, f->what == F_LOAD ? LOAD :
					f->what == F_STORE ? STORE : BARRIER);
	i->order = order;
	i->address = address;
	i->value = value;
	if (f->what != F_LOAD)
		return expression(p, E_NUMBER, 0, 0);
	i->reg = new_register(p);
	return reg_value(p, i->reg);
}

/* --- the rest --- */

static struct place dereferenced(struct parser *p)
{
	struct lexer *x = p->x;
	char name[MAX_NAME];
	if (accept(x, "*"))
		return (struct place){ -1, load_plain(p, parse_dereferenced(p)) };
	if (accept(x, "(")) {
		int address = parse_expression(p);
		expect(x, ")");
		return (struct place){ -1, address };
	}
	copy(x, take_name(x), name, sizeof name);
	int reg = named_register(p, name, false), cell = find_cell(p->t, name);
	if (reg >= 0)
		return (struct place){ -1, reg_value(p, reg) };
	if (cell < 0)
		syntax_error(x, "no location \"%s\"", name);
	if (p->t->cell[cell].shared)
		return (struct place){ -1, expression(p, E_NUMBER, POINTER + cell, 0) };
	if (p->t->cell[cell].thread != p->thread)
		syntax_error(x, "\"%s\" is no parameter of this thread", name);
	return (struct place){ p->t->cell[cell].reg, -1 };
}

struct place parse_dereferenced(struct parser *p)
{
	deeper(p->x);
	struct place place = dereferenced(p);
	shallower(p->x);
	return place;
}

/* A local's value, or the address of a location. */
static int named_value(struct parser *p)
{
	char name[MAX_NAME];
	struct lexer *x = p->x;
	copy(x, x->now, name, sizeof name);
	int reg = named_register(p, name, false), cell = find_cell(p->t, name);
	if (reg < 0 && cell < 0)
		syntax_error(x, "no register or location \"%s\"", name);
	take(x);
	if (reg >= 0)
		return reg_value(p, reg);
	make_shared(p, cell);
	return expression(p, E_NUMBER, POINTER + cell, 0);
}

static int simple(struct parser *p);

static int unary(struct parser *p)
{
	struct lexer *x = p->x;
	if (accept(x, "(")) {
		if (take_type(x) >= 0) { /* a cast */
			expect(x, ")");
			return simple(p);
		}
		int e = parse_expression(p);
		expect(x, ")");
		return e;
	}
	if (accept(x, "-"))
		return expression(p, E_SUB, expression(p, E_NUMBER, 0, 0), simple(p));
	if (accept(x, "~"))
		return expression(p, E_XOR, expression(p, E_NUMBER, -1, 0), simple(p));
	if (accept(x, "!"))
		return expression(p, E_NOT, simple(p), 0);
	if (accept(x, "*"))
		return load_plain(p, parse_dereferenced(p));
	if (accept(x, "&"))
		return named_value(p);
	if (isdigit((unsigned char)*x->now.text))
		return expression(p, E_NUMBER, take_number(x), 0);
	if (next_is(x, "("))
		return call(p);
	if (!isalpha((unsigned char)*x->now.text) && *x->now.text != '_')
		syntax_error(x, "a value expected, not \"%.*s\"", (int)x->now.length, x->now.text);
	return named_value(p);
}

static int simple(struct parser *p)
{
	deeper(p->x);
	int e = unary(p);
	shallower(p->x);
	return e;
}

/* a && b, a || b: b is not evaluated where a decides. */
static int short_circuit(struct parser *p, int left, bool both, unsigned level)
{
	int reg = new_register(p), zero = expression(p, E_NUMBER, 0, 0);
	struct instruction *i = emit(p, LET);
	i->reg = reg;
	i->value = expression(p, E_DIFFERENT, left, zero);
	unsigned jump = p->program->length;
	i = emit(p, JUMP_ZERO);
	i->value = both ? reg_value(p, reg) : expression(p, E_NOT, reg_value(p, reg), 0);
	int right = binary(p, level + 1);
	i = emit(p, LET);
	i->reg = reg;
	i->value = expression(p, E_DIFFERENT, right, zero);
	p->program->code[jump].target = p->program->length;
	return reg_value(p, reg);
}

/* C's precedence, the weakest first. */
static const struct operator { const char *text; unsigned level; enum expression_kind kind; }
	operators[] = {
	{ "||", 0, E_OR }, { "&&", 1, E_AND }, { "|", 2, E_OR }, { "^", 3, E_XOR },
	{ "&", 4, E_AND }, { "==", 5, E_EQUAL }, { "!=", 5, E_DIFFERENT }, { "<", 6, E_LESS },
	{ "<=", 6, E_LESS_EQUAL }, { ">", 6, E_LESS }, { ">=", 6, E_LESS_EQUAL },
	{ "+", 7, E_ADD }, { "-", 7, E_SUB }, { "*", 8, E_MUL },
	{ "/", 8, E_DIV },
};
enum { LEVELS = 9 };

static int binary(struct parser *p, unsigned level)
{
	if (level == LEVELS)
		return simple(p);
	int left = binary(p, level + 1);
	for (;;) {
		const struct operator *o = operators, *end = o + sizeof operators / sizeof *o;
		while (o < end && (o->level != level || !is(p->x, o->text)))
			o++;
		if (o == end)
			return left;
		take(p->x);
		if (level < 2) {
			left = short_circuit(p, left, level == 1, level);
			continue;
		}
		int right = binary(p, level + 1);
		bool swap = *o->text == '>';
		left = expression(p, o->kind, swap ? right : left, swap ? left : right);
	}
}

int32_t litmus_value(const struct litmus *t, int e, const int32_t *registers)
{
	const struct expression *x = &t->expression[e];
	if (x->kind == E_NUMBER)
		return x->a;
	if (x->kind == E_REGISTER)
		return registers[x->a];
	int32_t a = litmus_value(t, x->a, registers);
	if (x->kind == E_NOT)
		return !a;
	int32_t b = litmus_value(t, x->b, registers);
	switch (x->kind) {
	case E_ADD: return (uint32_t)a + (uint32_t)b;
	case E_SUB: return (uint32_t)a - (uint32_t)b;
	case E_MUL: return (uint32_t)a * (uint32_t)b;
	case E_EQUAL: return a == b;
	case E_DIFFERENT: return a != b;
	case E_LESS: return a < b;
	case E_LESS_EQUAL: return a <= b;
	case E_AND: return a & b;
	case E_OR: return a | b;
	case E_XOR: return a ^ b;
	/* C leaves it open. */
	default: return b == 0 || (a == INT32_MIN && b == -1) ? 0 : a / b;
	}
}
