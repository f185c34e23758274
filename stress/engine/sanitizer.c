#define _GNU_SOURCE
#include "engine/sanitizer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress/world.h"

struct diagnoses diagnoses;

/* --- how the sanitizers behave; their own variables (TSAN_OPTIONS, ...)
 * override it --- */

/* Reports are told by their text, never by a status. history_size: both stacks
 * of a race, though the earlier access is a while ago. report_signal_unsafe:
 * the detector itself allocates when it tells of a crash in a handler; telling
 * of that too cuts the report short, or waits for ever for who tells of a
 * race. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=0:exitcode=0:history_size=7:atexit_sleep_ms=0:"
	       "report_signal_unsafe=0";
}

/* A report on the parent itself is an error of the engine: exit 2. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "halt_on_error=0:exitcode=2:detect_stack_use_after_return=1:"
	       "allocator_may_return_null=1";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/* Weak: where the lane's sanitizer has them. */
__attribute__((weak)) void __asan_set_error_report_callback(void (*callback)(const char *));
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* Called for each report of the process, with the sanitizer's lock held. */
static void count_report(void)
{
	static word32 reports;
	/* relaxed: only a limit */
	if (fetch_add_relaxed(&reports, 1) + 1 >= MOST_REPORTS)
		world_leave();
}

/* ThreadSanitizer calls it before it prints. */
void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
	(void)report;
	count_report();
}

static void asan_on_report(const char *text)
{
	(void)text;
	count_report();
}

/* --- the child's stderr --- */

static int said = -1; /* the file in memory; -1: none */

/* Before the first child, in the parent. */
__attribute__((constructor)) static void open_file(void)
{
	if (!SANITIZED)
		return;
	said = memfd_create("stormrig-stderr", MFD_CLOEXEC);
	if (said >= 0)
		fcntl(said, F_SETFL, O_APPEND);
}

void sanitizer_child_begins(void)
{
	if (said >= 0)
		dup2(said, STDERR_FILENO);
	if (__asan_set_error_report_callback)
		__asan_set_error_report_callback(asan_on_report);
}

void sanitizer_child_ends(void)
{
	/* _exit() looks for no leaks. */
	if (__lsan_do_recoverable_leak_check)
		__lsan_do_recoverable_leak_check();
}

/* All that was said since the last time; to be freed. NULL: nothing. */
static char *take_text(void)
{
	off_t size = said < 0 ? 0 : lseek(said, 0, SEEK_END);
	char *text = size > 0 ? malloc((size_t)size + 1) : NULL;
	if (!text)
		return NULL;
	ssize_t n = pread(said, text, (size_t)size, 0);
	text[n > 0 ? n : 0] = '\0';
	/* NULs would hide what follows. */
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '?';
	if (ftruncate(said, 0) != 0)
		world_fatal("cannot empty the file of the children's stderr");
	return text;
}

static struct diagnosed *known(const struct diagnosis *d)
{
	for (uint32_t i = 0; i < diagnoses.n; i++)
		if (diagnosis_same(&diagnoses.of[i].d, d))
			return &diagnoses.of[i];
	return NULL;
}

static bool in_engine(const struct site *s)
{
	return strncmp(s->file, "stress/", strlen("stress/")) == 0;
}

/* A race within the engine says nothing about the target. */
static void class_by_sites(struct diagnosis *d)
{
	if (d->failure == DATA_RACE && d->sites == 2 && in_engine(&d->site[0]) &&
	    in_engine(&d->site[1]))
		d->failure = ENGINE_ERROR;
}

/* A race's accesses came in any order: one order for all reports of it. */
static void order_sites(struct diagnosis *d)
{
	struct site *a = &d->site[0], *b = &d->site[1], swap = *a;
	int file = strcmp(a->file, b->file);
	if (d->failure == DATA_RACE && (file > 0 || (file == 0 && a->line > b->line))) {
		*a = *b;
		*b = swap;
	}
}

static void add(struct diagnosis *d, struct result *r)
{
	r->failures[d->failure]++;
	r->all.hits++;
	struct diagnosed *k = known(d);
	if (k) {
		k->count++;
		return;
	}
	fwrite(d->text, 1, d->length, stderr);
	if (diagnoses.n == MAX_DIAGNOSES) {
		diagnoses.more++;
		return;
	}
	k = &diagnoses.of[diagnoses.n++];
	k->d = *d;
	k->count = 1;
	k->child = r->children;
	snprintf(k->text, sizeof k->text, "%.*s", (int)d->length, d->text);
	k->d.text = NULL;
}

unsigned sanitizer_collect(struct result *r)
{
	char *text = take_text();
	if (!text)
		return 0;
	struct diagnosis d;
	unsigned n = 0;
	for (const char *at = text; diagnosis_next(&at, &d); n++) {
		class_by_sites(&d);
		order_sites(&d);
		add(&d, r);
	}
	if (n == 0)
		fputs(text, stderr);
	else if (r->first_hit < 0)
		r->first_hit = world_now() - r->started;
	free(text);
	return n;
}
