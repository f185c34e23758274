#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "memory/model.h"
#include "share.h"
#include "sites.h"

static _Noreturn void usage_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("explore: ", stderr);
	vfprintf(stderr, format, args);
	fputs("; see --help\n", stderr);
	va_end(args);
	exit(EXIT_USAGE);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct test_case *const *)a)->name,
		      (*(const struct test_case *const *)b)->name);
}

unsigned all_cases(const struct test_case *list[MAX_CASES])
{
	unsigned n = 0;
	for (const struct test_case *const *c = __start_stormrig_cases;
	     c < __stop_stormrig_cases && n < MAX_CASES; c++)
		list[n++] = *c;
	qsort(list, n, sizeof *list, by_name);
	return n;
}

static const struct test_case *find_case(const char *name)
{
	const struct test_case *list[MAX_CASES];
	unsigned n = all_cases(list);
	for (unsigned i = 0; i < n; i++)
		if (strcmp(list[i]->name, name) == 0)
			return list[i];
	usage_error("no case \"%s\" in %s (--list names them)", name, build.target);
}

static void set_model(struct request *q, const char *name)
{
	q->model = model_named(name, &q->model_bit);
	if (!q->model)
		usage_error("no model \"%s\": sc, tso, armv8[+lse][+rcpc][+unordered] or "
			    "c11[+relseq11]", name);
}

static void set_search(struct request *q, const char *name)
{
	for (unsigned i = 0; i < SEARCHES; i++)
		if (strcmp(search_names[i], name) == 0) {
			q->search = i;
			return;
		}
	usage_error("no search \"%s\": auto, random, pct, pos, dfs or dpor", name);
}

static double number(const char *option, const char *text, double least, double most)
{
	char *end;
	double x = strtod(text, &end);
	if (end == text || *end || !(x >= least && x <= most))
		usage_error("%s takes a number from %g to %g, not \"%s\"", option, least, most,
			    text);
	return x;
}

static uint64_t whole(const char *option, const char *text)
{
	char *end;
	uint64_t x = strtoull(text, &end, 10);
	if (end == text || *end || *text == '-')
		usage_error("%s takes a whole number, not \"%s\"", option, text);
	return x;
}

/* --- replay strings: 1|target/variant|case|model|seed|choices|hash of the
 * code. Choices are run-length coded: 0x12.1.0x3.2, or "-" for none --- */

void replay_encode(char *text, size_t size, const struct request *q, const uint8_t *choice,
		   unsigned n)
{
	size_t used = snprintf(text, size, "1|%s/%s|%s|%s|%ju|", build.target, build.variant,
			       q->test->name, q->model->name, (uintmax_t)q->seed);
	if (n == 0)
		used += snprintf(text + used, size - used, "-");
	for (unsigned i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && choice[end] == choice[i];)
			end++;
		if (used + 32 > size)
			engine_error("the replay string is longer than %zu bytes", size);
		used += snprintf(text + used, size - used, i ? ".%u" : "%u", choice[i]);
		if (end - i > 1)
			used += snprintf(text + used, size - used, "x%u", end - i);
	}
	snprintf(text + used, size - used, "|%s", build.code);
}

static unsigned decode_choices(const char *text, uint8_t *choice)
{
	unsigned n = 0;
	if (strcmp(text, "-") == 0)
		return 0;
	while (*text) {
		char *end;
		unsigned long value = strtoul(text, &end, 10), times = 1;
		if (end == text || value > 255)
			usage_error("--replay: a choice is no number below 256: \"%.16s\"", text);
		if (*end == 'x') {
			text = end + 1;
			times = strtoul(text, &end, 10);
		}
		if (end == text || times > MAX_CHOICES - n || (*end && *end != '.'))
			usage_error("--replay: cannot read the choices at \"%.16s\"", text);
		memset(choice + n, (int)value, times);
		n += times;
		text = *end ? end + 1 : end;
	}
	return n;
}

static void decode(struct options *o, const char *string)
{
	char *copy = strdup(string), *part[7], *rest = copy;
	for (unsigned i = 0; i < 7; i++) {
		part[i] = strsep(&rest, "|");
		if (!part[i])
			usage_error("--replay takes version|target/variant|case|model|seed|"
				    "choices|code, got %u parts", i);
	}
	char name[200];
	snprintf(name, sizeof name, "%s/%s", build.target, build.variant);
	if (strcmp(part[0], "1") != 0)
		usage_error("--replay: version %s is not 1", part[0]);
	if (strcmp(part[1], name) != 0)
		usage_error("--replay: the string is for %s, this is %s", part[1], name);
	o->command = REPLAY;
	o->request.test = find_case(part[2]);
	set_model(&o->request, part[3]);
	o->request.seed = whole("--replay", part[4]);
	o->choices = decode_choices(part[5], o->choice);
	snprintf(o->code, sizeof o->code, "%s", part[6]);
	free(copy);
}

/* --- options --- */

static void weaken(struct options *o, const char *text)
{
	const char *wrong = sites_weaken(text);
	if (wrong)
		usage_error("--weaken \"%s\": %s", text, wrong);
	if (o->weakenings == MAX_WEAKENED)
		usage_error("more than %d times --weaken", MAX_WEAKENED);
	o->weakened[o->weakenings++] = text;
}

static bool take_value(struct options *o, const char *option, const char *value)
{
	struct request *q = &o->request;
	if (strcmp(option, "--case") == 0)
		q->test = find_case(value);
	else if (strcmp(option, "--model") == 0)
		set_model(q, value);
	else if (strcmp(option, "--search") == 0)
		set_search(q, value);
	else if (strcmp(option, "--executions") == 0)
		q->executions = whole(option, value);
	else if (strcmp(option, "--seconds") == 0)
		q->seconds = number(option, value, 0.001, 1e6);
	else if (strcmp(option, "--seed") == 0)
		q->seed = whole(option, value);
	else if (strcmp(option, "--depth") == 0)
		q->depth = number(option, value, 1, 3);
	else if (strcmp(option, "--preemptions") == 0)
		q->preemptions = number(option, value, 0, 1000);
	else if (strcmp(option, "--stale") == 0)
		q->stale = number(option, value, 0, 1000);
	else if (strcmp(option, "--jobs") == 0)
		q->jobs = number(option, value, 1, MAX_JOBS);
	else if (strcmp(option, "--resume") == 0)
		q->resume = value;
	else if (strcmp(option, "--weaken") == 0)
		weaken(o, value);
	else if (strcmp(option, "--replay") == 0)
		decode(o, value);
	else
		return false;
	return true;
}

static bool take_flag(struct options *o, const char *option)
{
	if (strcmp(option, "--list") == 0)
		o->command = LIST;
	else if (strcmp(option, "--sites") == 0)
		o->command = SITES;
	else if (strcmp(option, "--reach") == 0)
		o->command = REACH;
	else if (strcmp(option, "--bench") == 0)
		o->command = BENCH;
	else if (strcmp(option, "--help") == 0)
		o->command = HELP;
	else if (strcmp(option, "--json") == 0)
		o->json = true;
	else if (strcmp(option, "--trace") == 0)
		o->trace = true;
	else if (strcmp(option, "--no-sleep") == 0)
		o->request.sleep_sets = false;
	else if (strcmp(option, "--no-shrink") == 0)
		o->request.shrink = false;
	else
		return false;
	return true;
}

void options_read(struct options *o, int argc, char **argv)
{
	memset(o, 0, offsetof(struct options, choice));
	o->request = (struct request){ .seconds = 60, .seed = 1, .preemptions = -1, .stale = -1,
				       .sleep_sets = true, .shrink = true, .jobs = 1 };
	set_model(&o->request, "sc");
	for (int i = 1; i < argc; i++) {
		if (take_flag(o, argv[i]))
			continue;
		if (i + 1 < argc && take_value(o, argv[i], argv[i + 1])) {
			i++;
			continue;
		}
		if (argv[i][0] == '-' && i + 1 == argc)
			usage_error("unknown option \"%s\", or its value is missing", argv[i]);
		usage_error("unknown option \"%s\"", argv[i]);
	}
	struct request *q = &o->request;
	if (o->command == EXPLORE && !q->test)
		usage_error("--case NAME or --list is needed");
	if (q->resume && q->search < DFS)
		usage_error("--resume is for --search dfs or dpor");
	if (q->jobs > 1 && o->command == BENCH)
		usage_error("--bench measures one process");
	if (o->command == BENCH && q->search >= DFS)
		usage_error("--bench is for --search random, pct or pos");
	if (q->depth && q->search != PCT)
		usage_error("--depth is for --search pct");
}
