#define _GNU_SOURCE
#include "symbol.h"

#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 1024, AT_ONCE = 512, DIFFERENT = 4096 };

/* The program itself comes first: where it was loaded (PIE). */
static int first_object(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uintptr_t *)bias = info->dlpi_addr;
	return 1;
}

/* Paths from the root of the sources on: "./targets/..." and "/x/y/targets/..."
 * alike. */
static const char *shorten(const char *path)
{
	static const char *const roots[] = { "targets/", "fuzz/", "tests/" };
	for (unsigned i = 0; i < sizeof roots / sizeof *roots; i++) {
		const char *from = strstr(path, roots[i]);
		if (from && (from == path || from[-1] == '/'))
			return from;
	}
	return path;
}

/* Reads "function\nfile:line\n" for each address. */
static void read_answers(FILE *in, struct site *site, unsigned n)
{
	char line[LINE];
	for (unsigned i = 0; i < n; i++) {
		if (!fgets(line, sizeof line, in))
			return;
		line[strcspn(line, "\n")] = 0;
		snprintf(site[i].function, sizeof site[i].function, "%.63s",
			 strcmp(line, "??") ? line : "?");
		if (!fgets(line, sizeof line, in))
			return;
		char *colon = strrchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		site[i].line = strtoul(colon + 1, NULL, 10);
		snprintf(site[i].file, sizeof site[i].file, "%.127s",
			 strcmp(line, "??") ? shorten(line) : "?");
	}
}

static void lookup_some(const char *tool, struct site *site, unsigned n, uintptr_t bias)
{
	char program[LINE], command[LINE + AT_ONCE * 20];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	if (length < 0)
		return;
	program[length] = 0;
	int used = snprintf(command, sizeof command, "%s -f -e '%s'", tool, program);
	for (unsigned i = 0; i < n; i++) /* the call stands before its return address */
		used += snprintf(command + used, sizeof command - used, " 0x%jx",
				 (uintmax_t)((uintptr_t)site[i].pc - bias - 1));
	snprintf(command + used, sizeof command - used, " 2>/dev/null");
	FILE *in = popen(command, "r");
	if (!in)
		return;
	read_answers(in, site, n);
	pclose(in);
}

/* The text of the line, where the sources are at hand (relative to where the
 * program was started). */
static void read_source(struct site *s)
{
	char text[LINE];
	FILE *in = s->line ? fopen(s->file, "r") : NULL;
	if (!in)
		return;
	for (unsigned line = 1; fgets(text, sizeof text, in); line++) {
		if (line < s->line)
			continue;
		const char *from = text + strspn(text, " \t");
		snprintf(s->source, sizeof s->source, "%.*s", (int)strcspn(from, "\n"), from);
		break;
	}
	fclose(in);
}

static void lookup_all(struct site *site, unsigned n)
{
	uintptr_t bias = 0;
	dl_iterate_phdr(first_object, &bias);
	for (unsigned i = 0; i < n; i++) {
		strcpy(site[i].function, "?");
		strcpy(site[i].file, "?");
		site[i].line = 0;
		site[i].source[0] = 0;
	}
	for (unsigned at = 0; at < n; at += AT_ONCE) {
		unsigned part = n - at < AT_ONCE ? n - at : AT_ONCE;
		lookup_some("addr2line", site + at, part, bias);
		if (site[at].line == 0)
			lookup_some("llvm-symbolizer --output-style=GNU --no-inlines", site + at,
				    part, bias);
	}
	for (unsigned i = 0; i < n; i++)
		read_source(&site[i]);
}

void symbol_lookup(struct site *site, unsigned n)
{
	static struct site known[DIFFERENT];
	unsigned count = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;
		while (k < count && known[k].pc != site[i].pc)
			k++;
		if (k == count && count < DIFFERENT)
			known[count++].pc = site[i].pc;
	}
	lookup_all(known, count);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < count; k++)
			if (known[k].pc == site[i].pc)
				site[i] = known[k];
}

void symbol_text(const struct site *s, char *text, unsigned size)
{
	if (s->line == 0)
		snprintf(text, size, "pc %p", s->pc);
	else
		snprintf(text, size, "%s %s:%u", s->function, s->file, s->line);
}
