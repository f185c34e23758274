#include "engine/emit.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { DEPTH = 16 };

static struct { char close; bool filled; } level[DEPTH];
static unsigned depth;

static void quoted(FILE *f, const char *text)
{
	putc('"', f);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(f, "\\%c", *c);
		else if (*c < 0x20)
			fprintf(f, "\\u%04x", *c);
		else
			putc(*c, f);
	}
	putc('"', f);
}

static void before(FILE *f, const char *key)
{
	if (depth > 0) {
		if (level[depth - 1].filled)
			putc(',', f);
		level[depth - 1].filled = true;
	}
	if (key) {
		quoted(f, key);
		putc(':', f);
	}
}

static void open_level(FILE *f, const char *key, char open, char close)
{
	before(f, key);
	putc(open, f);
	if (depth == DEPTH)
		abort();
	level[depth].close = close;
	level[depth++].filled = false;
}

void json_object(FILE *f, const char *key)
{
	open_level(f, key, '{', '}');
}

void json_array(FILE *f, const char *key)
{
	open_level(f, key, '[', ']');
}

void json_end(FILE *f)
{
	putc(level[--depth].close, f);
	if (depth == 0)
		putc('\n', f);
}

void json_text(FILE *f, const char *key, const char *value)
{
	before(f, key);
	if (value)
		quoted(f, value);
	else
		fputs("null", f);
}

void json_count(FILE *f, const char *key, uint64_t value)
{
	before(f, key);
	fprintf(f, "%llu", (unsigned long long)value);
}

void json_int(FILE *f, const char *key, int64_t value)
{
	before(f, key);
	fprintf(f, "%lld", (long long)value);
}

void json_real(FILE *f, const char *key, double value)
{
	before(f, key);
	if (isfinite(value))
		fprintf(f, "%.6g", value);
	else
		fputs("null", f);
}

void json_cpu(FILE *f)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	double seconds = 0;
	for (int i = 0; i < 2; i++) {
		struct rusage u;
		getrusage(whose[i], &u);
		seconds += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			   (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	}
	json_real(f, "cpu_s", seconds);
}

void json_bool(FILE *f, const char *key, bool value)
{
	before(f, key);
	fputs(value ? "true" : "false", f);
}

void json_null(FILE *f, const char *key)
{
	before(f, key);
	fputs("null", f);
}
