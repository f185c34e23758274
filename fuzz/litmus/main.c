/* litmus: final states of C litmus tests under a memory model, as herd prints
 * them, but that Positive and Negative count states and not executions, and
 * that there is no Time and no Hash.
 *
 *   $ build/explore/litmus fuzz/litmus/SB+rlx-rlxs.litmus --model tso
 *   Test SB+rlx-rlxs Allowed
 *   States 4
 *   0:r0=0; 1:r0=0;
 *   0:r0=0; 1:r0=1;
 *   0:r0=1; 1:r0=0;
 *   0:r0=1; 1:r0=1;
 *   Ok
 *   Witnesses
 *   Positive: 1 Negative: 3
 *   Condition exists (0:r0=0 /\ 1:r0=0)
 *   Observation SB+rlx-rlxs Sometimes 1 3
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "litmus/litmus.h"
#include "search/search.h"

const struct build build = { "litmus", "", "explore", "", __VERSION__ };

enum { EXIT_BOUNDED = 2, EXIT_USAGE = 64 };

static const char usage[] =
	"litmus FILE... [--model M] [--search states|dfs|dpor] [--executions N]\n"
	"  --model M       sc (default), tso, armv8[+lse][+rcpc][+unordered], c11[+relseq11]\n"
	"  --search states every final state; states met before are left (default)\n"
	"  --search dfs    the same with sleep sets instead: slower, checks them\n"
	"  --search dpor   the same with source sets\n"
	"  --executions N  at most so many a test (no limit); short of the end: status 2\n";

static _Noreturn void fail(const char *what, const char *name)
{
	fflush(stdout);
	fprintf(stderr, "litmus: %s %s; see --help\n", what, name);
	exit(EXIT_USAGE);
}

static char *contents(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1 << 16, n = 0, got;
	char *text = malloc(room + 1);
	if (!f || !text)
		fail("cannot read", path);
	while ((got = fread(text + n, 1, room - n, f)) > 0) {
		n += got;
		if (n == room)
			text = realloc(text, (room *= 2) + 1);
		if (!text)
			fail("no memory for", path);
	}
	if (ferror(f))
		fail("cannot read", path);
	fclose(f);
	text[n] = '\0';
	return text;
}

/* --- printing --- */

static unsigned order[MAX_OBSERVED];
static const struct litmus *sorted_test;

static int by_text(const void *a, const void *b)
{
	const struct observed *all = sorted_test->observed;
	return strcmp(all[*(const unsigned *)a].text, all[*(const unsigned *)b].text);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *line_of(const struct litmus *t, const int32_t *row)
{
	size_t room = 1 + t->shown * (sizeof t->observed->text + MAX_NAME), n = 0;
	char *line = malloc(room);
	if (!line)
		engine_error("no memory for a line");
	*line = '\0';
	for (unsigned i = 0; i < t->shown; i++) {
		char value[MAX_NAME];
		litmus_number(t, row[order[i]], value);
		n += snprintf(line + n, room - n, "%s%s=%s;", i ? " " : "",
			      t->observed[order[i]].text, value);
	}
	return line;
}

static void print_states(const struct litmus *t, const struct states *s)
{
	char **line = malloc(sizeof *line * (s->n + 1));
	if (!line)
		engine_error("no memory for %u lines", s->n);
	sorted_test = t;
	for (unsigned i = 0; i < t->shown; i++)
		order[i] = i;
	qsort(order, t->shown, sizeof *order, by_text);
	for (unsigned i = 0; i < s->n; i++)
		line[i] = line_of(t, s->value + (size_t)i * t->shown);
	qsort(line, s->n, sizeof *line, by_line);
	printf("States %u\n", s->n);
	for (unsigned i = 0; i < s->n; i++) {
		puts(line[i]);
		free(line[i]);
	}
	free(line);
}

static void print(const struct litmus *t, const struct states *s)
{
	static const char *const kind[] = { "Allowed", "Forbidden", "Required" };
	static char condition[MAX_CONDITION];
	unsigned yes = 0;
	for (unsigned i = 0; i < s->n; i++)
		yes += litmus_holds(t, t->condition, s->value + (size_t)i * t->shown);
	unsigned no = s->n - yes;
	printf("Test %s %s\n", t->name, kind[t->quantifier]);
	print_states(t, s);
	bool ok = t->quantifier == EXISTS ? yes : t->quantifier == FORALL ? !no : !yes;
	bool swap = t->quantifier == NOT_EXISTS; /* a witness is one of the condition */
	printf("%s\nWitnesses\nPositive: %u Negative: %u\n", s->race ? "Undef" : ok ? "Ok" : "No",
	       swap ? no : yes, swap ? yes : no);
	if (s->race)
		printf("Flag *undef*\n");
	litmus_condition(t, condition);
	printf("Condition %s\nObservation %s %s %u %u\n", condition, t->name,
	       !yes ? "Never" : no ? "Sometimes" : "Always", yes, no);
	if (!s->whole)
		printf("Bounded %s\n", t->name);
	putchar('\n');
}

/* --- the command --- */

struct command {
	const struct search *search;
	enum reduction reduction;
	uint64_t most;
	char **path;
	unsigned paths;
};

static void read_command(struct command *c, int argc, char **argv)
{
	enum model which;
	*c = (struct command){ .search = &states_search, .path = argv };
	model = model_named("sc", &which);
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			exit(0);
		} else if (*argv[i] != '-') {
			c->path[c->paths++] = argv[i];
			continue;
		} else if (strcmp(argv[i], "--model") == 0) {
			model = model_named(value, &which);
			if (!model)
				fail("no model", value);
		} else if (strcmp(argv[i], "--search") == 0) {
			bool dpor = strcmp(value, "dpor") == 0, dfs = strcmp(value, "dfs") == 0;
			c->search = dpor || dfs ? &dfs_search : &states_search;
			c->reduction = dpor ? SOURCE_SETS : SLEEP_SETS;
			if (!dpor && !dfs && strcmp(value, "states") != 0)
				fail("no search", value);
		} else if (strcmp(argv[i], "--executions") == 0) {
			char *end;
			c->most = strtoull(value, &end, 10);
			if (end == value || *end || c->most == 0)
				fail("--executions takes a number from 1, not", value);
		} else {
			fail("unknown option", argv[i]);
		}
		i++;
	}
	if (c->paths == 0)
		fail("no file given", "");
}

int main(int argc, char **argv)
{
	static struct litmus t;
	static struct states s;
	struct command c;
	int status = 0;
	read_command(&c, argc, argv);
	for (unsigned i = 0; i < c.paths; i++) {
		char *text = contents(c.path[i]);
		litmus_read(&t, c.path[i], text);
		free(text);
		states_start(&t);
		dfs_start(c.reduction);
		litmus_run(&t, c.search, c.most, &s);
		print(&t, &s);
		if (!s.whole)
			status = EXIT_BOUNDED;
	}
	return status;
}
