/* Tokens of a litmus file, with their lines.
 */
#ifndef FUZZ_LITMUS_LEXER_H
#define FUZZ_LITMUS_LEXER_H

#include <stdbool.h>

struct token {
	const char *text; /* in the file's text */
	unsigned length, line;
};

struct lexer {
	const char *path, *at;
	unsigned line;
	unsigned depth; /* brackets, blocks and operators around this */
	bool code; /* in a thread, where (* may begin an expression */
	struct token now, next; /* length 0: the end */
};

/* Begins at text, line 1. */
void lexer_begin(struct lexer *x, const char *path, const char *text);
/* The rest of the line that begins with the current token, which it skips. */
struct token lexer_word(struct lexer *x);
/* Skips a text in quotes, which may have line ends. */
void lexer_string(struct lexer *x);
/* Whether the current token is that. */
bool is(const struct lexer *x, const char *text);
bool next_is(const struct lexer *x, const char *text);
/* Skips the current token and returns it. */
struct token take(struct lexer *x);
/* Skips it if it is that. */
bool accept(struct lexer *x, const char *text);
/* Skips it, which must be that. */
void expect(struct lexer *x, const char *text);
/* A name or a number (of 32 bits), skipped. */
struct token take_name(struct lexer *x);
long take_number(struct lexer *x);
/* Around whatever may stand inside itself: more than 200 deep is an error, as
 * who reads goes down with it. */
void deeper(struct lexer *x);
void shallower(struct lexer *x);
void copy(const struct lexer *x, struct token t, char *to, unsigned size);
_Noreturn void syntax_error(const struct lexer *x, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
