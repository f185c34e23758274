/* A litmus test in memory: what the reader makes of herd's C format, and what
 * the runner executes.
 */
#ifndef FUZZ_LITMUS_LITMUS_H
#define FUZZ_LITMUS_LITMUS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/model.h"

enum {
	MAX_NAME = 64, MAX_PROGRAMS = 8, MAX_CODE = 256, MAX_EXPRESSIONS = 2048,
	MAX_CELLS = 24, MAX_REGISTERS = 64, MAX_OBSERVED = 64, MAX_TERMS = 256,
	MAX_CONDITION = 4096,
	POINTER = 0x5e000000 /* + n: the address of cell n */
};

enum expression_kind {
	E_NUMBER, E_REGISTER, E_ADD, E_SUB, E_MUL, E_DIV, E_EQUAL, E_DIFFERENT, E_LESS,
	E_LESS_EQUAL, E_AND, E_OR, E_XOR, E_NOT
};

struct expression { enum expression_kind kind; int a, b; }; /* number, register or operands */

enum instruction_kind { LET, JUMP_ZERO, JUMP, LOAD, STORE, UPDATE, BARRIER };

/* value, expected and address are expressions; a compare-and-swap is an
 * UPDATE, and `stored` the register that says whether it swapped. */
struct instruction {
	enum instruction_kind kind;
	enum order order, fail;
	enum rmw rmw;
	bool weak, plain;
	int reg, stored, address, value, expected, target;
	unsigned line;
};

struct program {
	unsigned length, registers;
	unsigned initials; /* registers that the initial state names: the first */
	int32_t initial[MAX_REGISTERS];
	struct instruction code[MAX_CODE];
	char name[MAX_REGISTERS][MAX_NAME];
};

/* A location of the test: shared memory, or, of a plain one that a single
 * thread uses and whose address nobody takes, a register of that thread. */
struct cell_name {
	char name[MAX_NAME];
	int32_t initial;
	bool shared;
	int thread, reg;
};

/* What a final state shows: a cell or a register. */
struct observed {
	char text[MAX_NAME + 24];
	int thread, reg; /* thread < 0: reg is a cell */
};

/* Of a condition: a comparison with a value or with another observed one, or
 * what joins terms a and b. */
enum term_kind { T_VALUE, T_SAME, T_TRUE, T_FALSE, T_NOT, T_AND, T_OR, T_IMPLIES };
struct term { enum term_kind kind; int a, b; int32_t value; };

enum quantifier { EXISTS, NOT_EXISTS, FORALL };

struct litmus {
	char name[MAX_NAME];
	unsigned programs, cells, expressions, shown, terms;
	struct program program[MAX_PROGRAMS];
	struct expression expression[MAX_EXPRESSIONS];
	struct cell_name cell[MAX_CELLS];
	struct observed observed[MAX_OBSERVED];
	enum quantifier quantifier;
	int filter, condition; /* terms; filter < 0: none */
	struct term term[MAX_TERMS];
	bool plain; /* has plain accesses of shared locations: races are possible */
};

/* Reads a test. path is for messages. On what it does not read it prints
 * "path:line: message" and ends the program with status 64. */
void litmus_read(struct litmus *t, const char *path, const char *text);
/* The part after the threads: locations and condition. */
struct lexer;
void litmus_read_condition(struct litmus *t, struct lexer *x);
/* Whether a term holds of a final state, values in order of t->observed. */
bool litmus_holds(const struct litmus *t, int term, const int32_t *state);
/* The condition as herd writes it: "exists (0:r0=1 /\ [x]=2)". */
void litmus_condition(const struct litmus *t, char text[MAX_CONDITION]);
/* A value as herd writes it: a number, or the name of the location that it
 * points to. */
void litmus_number(const struct litmus *t, int32_t value, char text[MAX_NAME]);
/* The value of an expression over a thread's registers. */
int32_t litmus_value(const struct litmus *t, int expression, const int32_t *registers);

/* Every final state of t under the model in force, in order of text; all[i] is
 * one line. */
struct states {
	unsigned n, room;
	int32_t *value;       /* n rows of t->shown values */
	uint64_t executions;  /* run to the end */
	uint64_t stuck;       /* ended without a final state: endless loops */
	bool whole;           /* nothing was left out */
	bool race;            /* a data race was seen: undefined in C */
};
struct search;
void litmus_run(const struct litmus *t, const struct search *how, uint64_t most, struct states *s);

/* Search that leaves a state as soon as it is known. */
extern const struct search states_search;
void states_start(const struct litmus *t);
/* The running state, for states_search. */
void litmus_sign(struct signature *s);

#endif
