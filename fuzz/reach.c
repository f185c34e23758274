#include "reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "memory/model.h"
#include "search/search.h"
#include "symbol.h"
#include "trace.h"

/* Runs of a whole runtime take as long as thousands of a case. */
enum { RUNS = 400, WHOLE_RUNS = 4, PLACES = 1 << 13, AT_ONCE = 512 };

static void *place[PLACES]; /* open addressing; NULL: free */
static bool reached[MAX_CASES][PLACES];
static struct site site[PLACES];
static unsigned places, current;

static void listen(const struct event *e)
{
	if (!e->pc || (e->what != EV_ACCESS && e->what != EV_PLAIN))
		return;
	unsigned at = ((uintptr_t)e->pc * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PLACES;
	while (place[at] && place[at] != e->pc)
		at = (at + 1) % PLACES;
	if (!place[at] && ++places == PLACES)
		engine_error("more than %d places of access", PLACES - 1);
	place[at] = e->pc;
	reached[current][at] = true;
}

static void run_case(const struct options *o, const struct test_case *c)
{
	static struct run run;
	runner_open(c);
	model = o->request.model;
	search = &random_search;
	random_seed(o->request.seed);
	trace_listener = listen;
	trace_on = TRACE_ALL;
	for (uint64_t n = 0; n < (c->whole ? WHOLE_RUNS : RUNS); n++) {
		search->begin(n);
		runner_run(&run);
	}
	trace_on = TRACE_NOTHING;
	trace_listener = NULL;
}

static void look_up(void)
{
	static struct site found[AT_ONCE];
	static unsigned from[AT_ONCE];
	unsigned n = 0;
	for (unsigned at = 0; at <= PLACES; at++) {
		if (n == AT_ONCE || (at == PLACES && n)) {
			symbol_lookup(found, n);
			for (unsigned i = 0; i < n; i++)
				site[from[i]] = found[i];
			n = 0;
		}
		if (at < PLACES && place[at]) {
			found[n].pc = place[at];
			from[n++] = at;
		}
	}
}

static int by_place(const void *a, const void *b)
{
	const struct site *s = *(const struct site *const *)a;
	const struct site *t = *(const struct site *const *)b;
	int order = strcmp(s->file, t->file);
	return order ? order : (s->line > t->line) - (s->line < t->line);
}

static void print_case(const struct test_case *c, unsigned number)
{
	static const struct site *list[PLACES];
	unsigned n = 0;
	for (unsigned at = 0; at < PLACES; at++)
		if (reached[number][at] && site[at].line)
			list[n++] = &site[at];
	qsort(list, n, sizeof *list, by_place);
	unsigned different = 0;
	for (unsigned i = 0; i < n; i++)
		if (i == 0 || by_place(&list[i], &list[different - 1]) != 0)
			list[different++] = list[i];
	n = different;
	printf("{\"schema\":1,\"kind\":\"reach\",\"target\":\"%s\",\"variant\":\"%s\","
	       "\"case\":\"%s\",\"places\":[", build.target, build.variant, c->name);
	for (unsigned i = 0; i < n; i++)
		printf("%s{\"function\":\"%s\",\"file\":\"%s\",\"line\":%u}", i ? "," : "",
		       list[i]->function, list[i]->file, list[i]->line);
	printf("]}\n");
}

int print_reach(const struct options *o)
{
	const struct test_case *list[MAX_CASES];
	unsigned n = all_cases(list);
	for (current = 0; current < n; current++)
		if (!o->request.test || o->request.test == list[current])
			run_case(o, list[current]);
	look_up();
	for (unsigned i = 0; i < n; i++)
		if (!o->request.test || o->request.test == list[i])
			print_case(list[i], i);
	return EXIT_AS_EXPECTED;
}
