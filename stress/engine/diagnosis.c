#include "engine/diagnosis.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- lines --- */

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line ? line + 1 : line;
}

/* Where `word` stands in the line, or NULL. */
static const char *find(const char *line, const char *word)
{
	const char *end = line + line_length(line), *at = strstr(line, word);
	return at && at + strlen(word) <= end ? at : NULL;
}

static bool starts(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

/* Copies at most n bytes as a text; cuts what does not fit. */
static void copy(char *to, size_t size, const char *from, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

/* --- the line that begins a report --- */

static enum failure class_of_tsan(const char *kind)
{
	if (starts(kind, "data race"))
		return DATA_RACE;
	if (starts(kind, "heap-use-after-free"))
		return MEMORY_ERROR;
	if (starts(kind, "lock-order-inversion"))
		return DEADLOCK;
	return starts(kind, "SEGV") ? CRASH : UNDEFINED_BEHAVIOUR;
}

/* A signal that the sanitizer caught is still a crash. */
static enum failure class_of_asan(const char *kind)
{
	static const char *const signals[] = { "SEGV", "BUS", "FPE", "ILL", "ABRT", "TRAP",
					       "unknown-crash" };
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (starts(kind, signals[i]))
			return CRASH;
	return MEMORY_ERROR;
}

static bool begin(struct diagnosis *d, enum failure f, const char *kind, size_t length)
{
	d->failure = f;
	copy(d->kind, sizeof d->kind, kind, length);
	return true;
}

static bool begin_asan(struct diagnosis *d, const char *kind)
{
	static const char attempting[] = "attempting ";
	if (starts(kind, attempting)) { /* "double-free on", "free on address ..." */
		kind += strlen(attempting);
		if (starts(kind, "free"))
			return begin(d, MEMORY_ERROR, "bad-free", 8);
	}
	return begin(d, class_of_asan(kind), kind, strcspn(kind, " :\n"));
}

/* The sanitizer itself cannot go on, or cannot start. */
static bool begin_fatal(const char *line, struct diagnosis *d)
{
	const char *at;
	if ((at = find(line, "FATAL: ThreadSanitizer")) || (at = find(line, "CHECK failed")) ||
	    (at = find(line, "LeakSanitizer has encountered a fatal error")) ||
	    ((at = find(line, "Shadow memory range interleaves"))))
		return begin(d, ENGINE_ERROR, at, line_length(at));
	return false;
}

/* Whether the line begins a report; fills class and kind. */
static bool begins(const char *line, struct diagnosis *d)
{
	static const char tsan[] = "WARNING: ThreadSanitizer: ",
			  asan[] = "ERROR: AddressSanitizer: ",
			  crash[] = "ERROR: ThreadSanitizer: ",
			  ubsan[] = ": runtime error: ";
	const char *at;
	if ((at = find(line, tsan)) || (at = find(line, crash))) {
		at += strlen(at[0] == 'W' ? tsan : crash);
		const char *end = find(at, " (pid=");
		if (!end)
			end = find(at, " on unknown address");
		return begin(d, class_of_tsan(at), at, end ? (size_t)(end - at) : line_length(at));
	}
	if ((at = find(line, asan)))
		return begin_asan(d, at + strlen(asan));
	if (starts(line, "Direct leak of ") || starts(line, "Indirect leak of "))
		return begin(d, MEMORY_ERROR, "leak", 4);
	if ((at = find(line, ubsan)) && line[0] != ' ')
		return begin(d, UNDEFINED_BEHAVIOUR, at + strlen(ubsan),
			     line_length(at) - strlen(ubsan));
	return begin_fatal(line, d);
}

/* --- sites --- */

/* Takes "file:line:column" or "file:line" apart. False where it is neither. */
static bool read_place(const char *text, size_t length, struct site *s)
{
	size_t number[2] = { 0, 0 };
	for (int i = 0; i < 2; i++) {
		size_t digits = 0;
		while (digits < length && isdigit((unsigned char)text[length - 1 - digits]))
			digits++;
		if (digits == 0 || digits > 9 || digits + 1 >= length ||
		    text[length - 1 - digits] != ':')
			break;
		number[1] = number[0];
		number[0] = strtoul(text + length - digits, NULL, 10);
		length -= digits + 1;
	}
	if (number[0] == 0)
		return false;
	if (starts(text, "./") && length > 2) {
		text += 2;
		length -= 2;
	}
	copy(s->file, sizeof s->file, text, length);
	s->line = (uint32_t)number[0];
	return true;
}

/* "    #0 0x55c6b086125b in use m.c:5:57 (prog+0x10f4)". False: no frame. */
static bool read_frame(const char *line, struct site *s)
{
	const char *at = line + strspn(line, " ");
	const char *end = line + line_length(line);
	if (at == line || *at != '#' || !isdigit((unsigned char)at[1]))
		return false;
	at += 1 + strspn(at + 1, "0123456789");
	at += strspn(at, " ");
	if (starts(at, "0x")) {
		const char *in = find(at, " in ");
		at = in ? in + strlen(" in ") : end;
	}
	size_t name = strcspn(at, " \n");
	copy(s->function, sizeof s->function, at, name);
	s->file[0] = '\0';
	s->line = 0;
	at += name;
	at += strspn(at, " ");
	const char *module = find(at, " (");
	if (*at != '(' && at < end)
		read_place(at, (size_t)((module ? module : end) - at), s);
	return true;
}

/* The sanitizer's own functions and the C library's are nobody's site, and what
 * the world does is its caller's: a descriptor that is raced for, say. */
static bool is_foreign(const struct site *s)
{
	static const char *const parts[] = { "libsanitizer/", "compiler-rt/", "sanitizer_common",
					     "sysdeps/", "csu/libc-start",
					     "stress/world.c" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(s->file, parts[i]))
			return true;
	return s->line == 0;
}

/* The stack that begins at this line: its first frame in sources of ours, or
 * else its first one. */
static void read_stack(const char *line, const char *end, struct site *s)
{
	struct site frame, first = { "", "", "", 0 };
	for (unsigned n = 0; line < end && read_frame(line, &frame); line = next_line(line), n++) {
		if (n == 0)
			first = frame;
		if (is_foreign(&frame))
			continue;
		first = frame;
		break;
	}
	memcpy(s->function, first.function, sizeof s->function);
	/* An undefined behaviour's place stands in the report's first line. */
	if (s->line == 0) {
		memcpy(s->file, first.file, sizeof s->file);
		s->line = first.line;
	}
}

/* --- what stands above a stack --- */

/* "  Previous write of size 4 at 0x... by thread T1 (mutexes: ...):" */
static bool read_access(const char *line, struct site *s)
{
	char text[ACCESS_TEXT], by[ACCESS_TEXT] = "";
	const char *of = find(line, " of size "), *at = find(line, " at ");
	if (!of || !at || at < of)
		return false;
	line += strspn(line, " ");
	if (starts(line, "Previous "))
		line += strlen("Previous ");
	copy(text, sizeof text, line, (size_t)(at - line));
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	const char *thread = find(at, " by ");
	if (thread)
		copy(by, sizeof by, thread, strcspn(thread, "(:\n"));
	for (size_t n = strlen(by); n > 0 && by[n - 1] == ' '; n--)
		by[n - 1] = '\0';
	snprintf(s->access, sizeof s->access, "%.40s%.20s", text, by);
	return true;
}

/* Whether a site's stack follows the line; the second one names who freed or
 * made what was accessed. */
static bool read_heading(const char *line, unsigned sites, struct site *s)
{
	static const struct { const char *words, *access; } headings[] = {
		{ "freed by thread", "freed" },
		{ "allocated by thread", "allocated" },
		{ "is located in stack of", "on the stack of" },
		{ "byte(s) in ", "allocated" },
	};
	if (read_access(line, s))
		return true;
	for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
		if (find(line, headings[i].words) && (sites > 0 || i == 3)) {
			copy(s->access, sizeof s->access, headings[i].access,
			     strlen(headings[i].access));
			return true;
		}
	return false;
}

static void read_sites(struct diagnosis *d)
{
	const char *end = d->text + d->length;
	struct site none = { "", "", "", 0 };
	for (const char *line = d->text; line < end && d->sites < 2; line = next_line(line)) {
		struct site s = none, frame;
		const char *below = next_line(line);
		bool heading = read_heading(line, d->sites, &s);
		const char *ub = NULL;
		if (line == d->text && !heading)
			ub = find(line, ": runtime error: ");
		if (ub)
			read_place(line, (size_t)(ub - line), &s);
		else if (!heading && (d->sites > 0 || !read_frame(below, &frame)))
			continue; /* without a heading, the first stack is what is meant */
		while (ub && below < end && !read_frame(below, &frame))
			below = next_line(below); /* the source line, and a pointer at it */
		read_stack(below, end, &s);
		d->site[d->sites++] = s;
		if (ub)
			break;
	}
}

bool diagnosis_next(const char **at, struct diagnosis *d)
{
	struct diagnosis next;
	memset(d, 0, sizeof *d);
	const char *line = *at;
	while (*line && !begins(line, d))
		line = next_line(line);
	d->text = line;
	if (*line == '\0') {
		*at = line;
		return false;
	}
	do
		line = next_line(line);
	while (*line && !begins(line, &next) && !starts(line, "=========="));
	d->length = (size_t)(line - d->text);
	*at = line;
	read_sites(d);
	return true;
}

/* --- comparison --- */

static bool same_site(const struct site *a, const struct site *b)
{
	return a->line == b->line && strcmp(a->function, b->function) == 0 &&
	       strcmp(a->file, b->file) == 0;
}

bool diagnosis_same(const struct diagnosis *a, const struct diagnosis *b)
{
	if (a->failure != b->failure || a->sites != b->sites)
		return false;
	/* Values follow a colon: they are no difference. */
	size_t kind = strcspn(a->kind, ":");
	if (strcspn(b->kind, ":") != kind || strncmp(a->kind, b->kind, kind) != 0)
		return false;
	return (same_site(&a->site[0], &b->site[0]) && same_site(&a->site[1], &b->site[1])) ||
	       (same_site(&a->site[0], &b->site[1]) && same_site(&a->site[1], &b->site[0]));
}
