/* Between the parts of the reader: initial state and parameters (initial.c),
 * statements (read.c), and expressions (expression.c).
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
	bool again; /* a register turned out to be a shared location: read anew */
};

/* Something that has a value and can be assigned: a register, or memory at an
 * address, which is an expression; the other one is -1. */
struct place { int reg, address; };

struct instruction *emit(struct parser *p, enum instruction_kind kind);
int expression(struct parser *p, enum expression_kind kind, int a, int b);
/* A register without a name. */
int new_register(struct parser *p);
/* A location of that name, or -1. */
int find_cell(const struct litmus *t, const char *name);
/* Likewise, made if there is none. */
int make_cell(struct litmus *t, struct lexer *x, const char *name);
/* The register of that name in p's program, made if `make`; or -1. */
int named_register(struct parser *p, const char *name, bool make);
/* Its address is taken, or it is accessed atomically: not a register. */
void make_shared(struct parser *p, int cell);
/* Whether a type begins here, in a declaration or cast; skips it, and returns
 * how many stars it has: -1 for none. */
int take_type(struct lexer *x);
/* Emits place = value, plainly; and the value of a place. */
void store_plain(struct parser *p, struct place to, int value);
int load_plain(struct parser *p, struct place from);
/* What * before this expression or name means. */
struct place parse_dereferenced(struct parser *p);
/* Reads an expression and emits the accesses in it; returns its index. */
int parse_expression(struct parser *p);
/* --- initial.c --- */

/* { [x]=1; int y = 2; 0:r0=3; int *p = &x; } */
void read_initial(struct litmus *t, struct lexer *x);
/* ( atomic_int* x, volatile int* y ) */
void read_parameters(struct parser *p);
/* Emits what the thread's registers begin with. */
void emit_initial(struct parser *p);
/* A number, or &x or the x of a location: its address. */
int32_t take_value(struct litmus *t, struct lexer *x);

#endif
