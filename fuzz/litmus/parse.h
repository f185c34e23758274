/* Between the two halves of the reader: statements (read.c) and expressions
 * (expression.c).
 */
#ifndef FUZZ_LITMUS_PARSE_H
#define FUZZ_LITMUS_PARSE_H

#include "litmus/lexer.h"
#include "litmus/litmus.h"

struct parser {
	struct litmus *t;
	struct lexer *x;
	struct program *program;
	int thread;
};

struct instruction *emit(struct parser *p, enum instruction_kind kind);
int expression(struct parser *p, enum expression_kind kind, int a, int b);
/* A register of that name, -1 if there is none; a new one without a name. */
int register_named(struct parser *p, const char *name);
int new_register(struct parser *p);
/* A location of that name, or -1. */
int find_cell(const struct litmus *t, const char *name);
/* Emits *cell = value. */
void store_plain(struct parser *p, int cell, int value);
/* Reads an expression and emits the accesses in it; returns its index. */
int parse_expression(struct parser *p);

#endif
