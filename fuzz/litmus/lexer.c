#include "litmus/lexer.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 64, DEEPEST = 200 };

void syntax_error(const struct lexer *x, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fflush(stdout);
	fprintf(stderr, "%s:%u: ", x->path, x->now.length ? x->now.line : x->line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_USAGE);
}

/* Behind a comment that begins here, or NULL. */
static const char *behind_comment(const char *at, bool code)
{
	const char *end;
	if (strncmp(at, "(*", 2) == 0 && (!code || strchr(" \t\n*)", at[2])))
		end = strstr(at + 2, "*)");
	else if (strncmp(at, "/*", 2) == 0)
		end = strstr(at + 2, "*/");
	else if (strncmp(at, "//", 2) == 0)
		return at + strcspn(at, "\n");
	else
		return NULL;
	return end ? end + 2 : at + strlen(at);
}

static void skip_space(struct lexer *x)
{
	for (;;) {
		const char *end = behind_comment(x->at, x->code);
		if (!end) {
			if (!isspace((unsigned char)*x->at))
				return;
			end = x->at + 1;
		}
		for (; x->at < end; x->at++)
			x->line += *x->at == '\n';
	}
}

static unsigned token_length(const char *at)
{
	static const char *const pairs[] = { "==", "!=", "<=", ">=", "&&", "||", "/\\", "\\/",
					     "<>", "++", "--", "+=", "-=", "<<", ">>", "->", "=>" };
	if (isalpha((unsigned char)*at) || *at == '_') {
		unsigned n = 1;
		while (isalnum((unsigned char)at[n]) || at[n] == '_')
			n++;
		return n;
	}
	if (isdigit((unsigned char)*at)) {
		char *end;
		strtol(at, &end, 0);
		return end - at + strspn(end, "uUlL");
	}
	for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strncmp(at, pairs[i], 2) == 0)
			return 2;
	return *at != '\0';
}

static struct token read_token(struct lexer *x)
{
	skip_space(x);
	struct token t = { x->at, token_length(x->at), x->line };
	x->at += t.length;
	return t;
}

void lexer_begin(struct lexer *x, const char *path, const char *text)
{
	*x = (struct lexer){ .path = path, .at = text, .line = 1 };
	x->now = read_token(x);
	x->next = read_token(x);
}

struct token lexer_word(struct lexer *x)
{
	struct token t = x->now;
	t.length = strcspn(t.text, " \t\r\n");
	x->at = t.text + t.length;
	x->line = t.line;
	x->at += strcspn(x->at, "\n");
	x->now = read_token(x);
	x->next = read_token(x);
	return t;
}

void lexer_string(struct lexer *x)
{
	const char *end = strchr(x->now.text + 1, '"');
	if (!end)
		syntax_error(x, "a text in quotes does not end");
	x->at = x->now.text;
	x->line = x->now.line;
	for (; x->at <= end; x->at++)
		x->line += *x->at == '\n';
	x->now = read_token(x);
	x->next = read_token(x);
}

static bool same(const struct token *t, const char *text)
{
	return strlen(text) == t->length && strncmp(t->text, text, t->length) == 0;
}

bool is(const struct lexer *x, const char *text)
{
	return same(&x->now, text);
}

bool next_is(const struct lexer *x, const char *text)
{
	return same(&x->next, text);
}

struct token take(struct lexer *x)
{
	struct token t = x->now;
	if (t.length == 0)
		syntax_error(x, "the file ends too early");
	x->now = x->next;
	x->next = read_token(x);
	return t;
}

bool accept(struct lexer *x, const char *text)
{
	if (!is(x, text))
		return false;
	take(x);
	return true;
}

void expect(struct lexer *x, const char *text)
{
	if (!accept(x, text))
		syntax_error(x, "\"%s\" expected, not \"%.*s\"", text, (int)x->now.length,
			     x->now.text);
}

struct token take_name(struct lexer *x)
{
	if (!isalpha((unsigned char)*x->now.text) && *x->now.text != '_')
		syntax_error(x, "a name expected, not \"%.*s\"", (int)x->now.length, x->now.text);
	return take(x);
}

long take_number(struct lexer *x)
{
	long sign = accept(x, "-") ? -1 : 1;
	if (!isdigit((unsigned char)*x->now.text))
		syntax_error(x, "a number expected, not \"%.*s\"", (int)x->now.length,
			     x->now.text);
	struct token number = x->now;
	errno = 0;
	long value = strtol(take(x).text, NULL, 0);
	if (errno || value > INT32_MAX)
		syntax_error(x, "\"%.*s\" has more than 32 bits", (int)number.length,
			     number.text);
	return sign * value;
}

void copy(const struct lexer *x, struct token t, char *to, unsigned size)
{
	if (t.length >= size)
		syntax_error(x, "a name of more than %u characters", size - 1);
	memcpy(to, t.text, t.length);
	to[t.length] = '\0';
}

void deeper(struct lexer *x)
{
	if (++x->depth > DEEPEST)
		syntax_error(x, "nested more than %d deep", DEEPEST);
}

void shallower(struct lexer *x)
{
	x->depth--;
}
