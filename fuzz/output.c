#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "json.h"
#include "machines.h"
#include "memory/model.h"
#include "symbol.h"
#include "trace.h"

enum { REPLAY_TEXT = 4 * MAX_CHOICES + 512 };

void print_help(void)
{
	printf("explore: %s, %s\n"
	       "  --list                 the cases\n"
	       "  --case NAME            explore that one: random to the first hit, then all\n"
	       "  --model M              memory: sc (this is the default), tso,\n"
	       "                         armv8[+lse][+rcpc][+unordered] or c11[+relseq11]\n"
	       "  --search S             only that search: random, pct, pos (they end at a\n"
	       "                         hit), dfs or dpor (dfs without equivalents)\n"
	       "  --executions N         at most so many (no limit)\n"
	       "  --seconds S            at most so long (60)\n"
	       "  --seed N               of the random ones (1)\n"
	       "  --depth 1|2|3          of pct (each in turn)\n"
	       "  --preemptions N        at most so many in an execution (no bound)\n"
	       "  --stale N              at most so many stale reads in one (no bound)\n"
	       "  --jobs N               N processes share the search (1)\n"
	       "  --resume FILE          dfs, dpor: goes on from there; leaves what is left\n"
	       "  --no-sleep             dfs: every order, whatever was met before\n"
	       "  --no-shrink            show the finding as it was found\n"
	       "  --replay STRING        run a finding again, with its trace\n"
	       "  --sites                the atomic accesses in the code, and with --case how\n"
	       "                         often and with which orders it makes them\n"
	       "  --reach                the lines, plain accesses too, that each case reaches\n"
	       "  --weaken FILE:LINE[/OPERATION]=ORDER\n"
	       "                         atomic accesses of that line have a weaker order; as\n"
	       "                         --sites names them; several times for several\n"
	       "  --trace                print the trace of a finding (always with --replay)\n"
	       "  --bench                measure executions a second\n"
	       "  --json                 one JSON object per result\n",
	       build.target, build.variant);
}

/* --- results --- */

static void replay_command(const struct request *q, const struct finding *f,
			   const char *program, bool whole)
{
	static char text[REPLAY_TEXT];
	replay_encode(text, sizeof text, q, f->choice, f->choices);
	static char command[REPLAY_TEXT + 512];
	snprintf(command, sizeof command, "%s --replay '%s'", program, text);
	if (whole)
		put_string(command);
	else
		put_string(text);
}

static const char *outcome_name(const struct test_case *c, const struct run *r)
{
	if (r->outcome >= 0)
		return c->outcomes[r->outcome].name;
	return r->failure == NO_FAILURE ? "none" : failure_text(r->failure);
}

static const char *meaning(const struct test_case *c, const struct run *r)
{
	if (r->outcome >= 0)
		return c->outcomes[r->outcome].meaning;
	if (r->failure == WRONG_OUTCOME)
		return "an outcome that the case does not list";
	if (r->failure == DATA_RACE)
		return "two accesses that nothing orders";
	return r->detail;
}

static const char *const access_text[] = { "plain read", "plain write", "atomic read",
					   "atomic write" };

/* One side of a race, or of the use of memory that is gone: "plain write by
 * closer at function file:line". */
static void race_side(const struct test_case *c, const struct race *race, unsigned i, char *text,
		      size_t size)
{
	struct site site = { .pc = race->side[i].pc };
	char where[240];
	symbol_lookup(&site, 1);
	symbol_text(&site, where, sizeof where);
	unsigned t = race->side[i].thread;
	snprintf(text, size, "%s by %s at %s", access_text[race->side[i].kind],
		 t < case_actors(c) ? c->actor[t].name : "a thread", where);
}

static bool first_line;

static void json_line(const char *text, void *arg)
{
	(void)arg;
	if (!first_line)
		putchar(',');
	first_line = false;
	put_string(text);
}

static void text_line(const char *text, void *arg)
{
	(void)arg;
	printf("  %s\n", text);
}

/* Runs the finding once more, recording, and renders it. */
static void render(const struct request *q, const struct finding *f,
		   void (*line)(const char *, void *))
{
	static struct finding again;
	trace_begin();
	trace_on = TRACE_ALL;
	again.blind = f->blind;
	explore_replay(f->choice, f->choices, &again);
	trace_on = TRACE_NOTHING;
	if (again.run.failure != f->run.failure)
		engine_error("the finding does not repeat");
	trace_render(q->test, runner_state(), runner_slots(), line, NULL);
}

static void put_finding(const struct request *q, const struct finding *f)
{
	static char text[REPLAY_TEXT];
	printf(",\"finding\":{\"class\":\"%s\"", failure_text(f->run.failure));
	put_field("outcome", outcome_name(q->test, &f->run));
	put_field("meaning", meaning(q->test, &f->run));
	put_field("machines", machines_text(q, f->run.failure));
	printf(",\"trace\":[");
	first_line = true;
	render(q, f, json_line);
	printf("],\"sites\":[");
	for (unsigned i = 2 - f->run.sides; i < 2; i++) {
		char side[400];
		race_side(q->test, &f->race, i, side, sizeof side);
		printf(i > 2 - f->run.sides ? "," : "");
		put_string(side);
	}
	replay_encode(text, sizeof text, q, f->choice, f->choices);
	printf("]");
	put_field("replay_string", text);
	putchar('}');
}

static void put_hits(const struct result *r)
{
	printf(",\"hits\":{");
	for (unsigned i = 1, n = 0; i < FAILURE_COUNT; i++)
		if (r->hits[i])
			printf("%s\"%s\":%ju", n++ ? "," : "", failure_text(i),
			       (uintmax_t)r->hits[i]);
	printf("},\"outcomes\":{");
}

static void put_outcomes(const struct test_case *c, const struct result *r)
{
	for (unsigned i = 0, n = 0; i < MAX_OUTCOMES && c->outcomes[i].name; i++)
		if (r->outcomes[i])
			printf("%s\"%s\":%ju", n++ ? "," : "", c->outcomes[i].name,
			       (uintmax_t)r->outcomes[i]);
	putchar('}');
}

static void put_told(const struct test_case *c, const struct result *r)
{
	printf(",\"told\":{");
	for (unsigned i = 0; c->thrown && i < MAX_OUTCOMES && c->thrown[i].message; i++) {
		printf(i ? "," : "");
		put_string(c->thrown[i].message);
		printf(":%ju", (uintmax_t)r->told[i]);
	}
	putchar('}');
}

/* The command that gives this result again: of the finding, or of the whole
 * search. */
static void put_replay(const struct options *o, const struct result *r, const char *program)
{
	const struct request *q = &o->request;
	char text[4096], extra[128] = "";
	printf(",\"replay\":");
	if (r->found) {
		replay_command(q, &r->finding, program, true);
		return;
	}
	int n = 0;
	if (q->search != AUTO)
		n += snprintf(extra + n, sizeof extra - n, " --search %s",
			      search_names[q->search]);
	if (q->executions)
		n += snprintf(extra + n, sizeof extra - n, " --executions %ju",
			      (uintmax_t)q->executions);
	if (q->preemptions >= 0)
		n += snprintf(extra + n, sizeof extra - n, " --preemptions %jd",
			      (intmax_t)q->preemptions);
	if (q->stale >= 0)
		n += snprintf(extra + n, sizeof extra - n, " --stale %jd", (intmax_t)q->stale);
	snprintf(text, sizeof text, "%s --case %s --model %s --seed %ju --seconds %g%s", program,
		 q->test->name, q->model->name, (uintmax_t)q->seed, q->seconds, extra);
	put_string(text);
}

static void result_json(const struct options *o, const struct result *r, const char *program)
{
	const struct request *q = &o->request;
	enum verdict v = verdict_of(q, r);
	put_head("explore", q->test);
	printf(",\"seed\":%ju,\"seconds\":%.6f", (uintmax_t)q->seed, r->elapsed);
	put_hits(r);
	put_outcomes(q->test, r);
	put_told(q->test, r);
	if (r->found)
		printf(",\"first_hit_s\":%.6f", r->first_hit_s);
	else
		printf(",\"first_hit_s\":null");
	put_field("verdict", verdict_text(v));
	printf(",\"expected\":%s", verdict_expected(v) ? "true" : "false");
	put_replay(o, r, program);
	put_field("build_id", build.id);
	put_field("model", q->model->name);
	put_field("search", search_names[q->search]);
	printf(",\"executions\":%ju,\"executions_per_s\":%.0f,\"pruned\":%ju,\"cut\":%ju,"
	       "\"exhausted\":%s,\"bounded\":%s,\"ended\":%s",
	       (uintmax_t)r->executions, (r->executions + r->pruned) / r->elapsed,
	       (uintmax_t)r->pruned, (uintmax_t)r->cut, r->exhausted ? "true" : "false",
	       r->bounded ? "true" : "false", r->ended ? "true" : "false");
	if (q->jobs > 1)
		printf(",\"jobs\":%u,\"largest_share\":%.3f", q->jobs,
		       (double)r->largest_share / (r->executions ? r->executions : 1));
	if (r->found)
		printf(",\"first_hit_execution\":%ju", (uintmax_t)r->first_hit_execution);
	else
		printf(",\"first_hit_execution\":null");
	if (r->found)
		put_finding(q, &r->finding);
	else
		printf(",\"finding\":null");
	printf("}\n");
}

static void finding_text(const struct request *q, const struct finding *f)
{
	printf("%s: %s (%s)\n", failure_text(f->run.failure), outcome_name(q->test, &f->run),
	       meaning(q->test, &f->run));
	printf("  shows on: %s\n", machines_text(q, f->run.failure));
	for (unsigned i = 2 - f->run.sides; i < 2; i++) {
		char side[400];
		race_side(q->test, &f->race, i, side, sizeof side);
		printf("  %s\n", side);
	}
}

static void result_text(const struct options *o, const struct result *r, const char *program)
{
	const struct request *q = &o->request;
	enum verdict v = verdict_of(q, r);
	printf("%s/%s %s %s: ", build.target, build.variant, q->test->name, q->model->name);
	if (r->found) {
		printf("execution %ju: ", (uintmax_t)r->first_hit_execution);
		finding_text(q, &r->finding);
		if (o->trace)
			render(q, &r->finding, text_line);
	} else {
		printf("no finding\n");
	}
	printf("%s  %s: %ju executions, %ju pruned, %ju cut, %.0f/s%s\nreplay: ", verdict_text(v),
	       r->exhausted ? "exhausted" : "bounded", (uintmax_t)r->executions,
	       (uintmax_t)r->pruned, (uintmax_t)r->cut, (r->executions + r->pruned) / r->elapsed,
	       verdict_expected(v) ? "" : "  UNEXPECTED");
	static char text[REPLAY_TEXT];
	if (r->found) {
		replay_encode(text, sizeof text, q, r->finding.choice, r->finding.choices);
		printf("%s --replay '%s'\n", program, text);
	} else {
		printf("%s --case %s --model %s --seed %ju\n", program, q->test->name,
		       q->model->name, (uintmax_t)q->seed);
	}
}

void print_result(const struct options *o, const struct result *r, const char *program)
{
	if (o->json)
		result_json(o, r, program);
	else
		result_text(o, r, program);
}

void print_replay(const struct options *o, const struct finding *f, unsigned misfits,
		  const char *program)
{
	(void)program;
	const struct request *q = &o->request;
	if (o->json) {
		put_head("replay", q->test);
		put_field("model", q->model->name);
		put_field("build_id", build.id);
		printf(",\"misfits\":%u,\"code_changed\":%s", misfits,
		       strcmp(o->code, build.code) ? "true" : "false");
		if (f->run.failure == NO_FAILURE) {
			put_field("outcome", outcome_name(q->test, &f->run));
			printf(",\"finding\":null}\n");
			return;
		}
		put_finding(q, f);
		printf("}\n");
		return;
	}
	if (f->run.failure == NO_FAILURE)
		printf("no finding; outcome: %s\n", outcome_name(q->test, &f->run));
	else
		finding_text(q, f);
	render(q, f, text_line);
}

void print_bench(const struct request *q, uint64_t executions, uint64_t steps, double seconds,
		 double cpu_seconds)
{
	put_head("bench", q->test);
	put_field("model", q->model->name);
	put_field("search", search_names[q->search]);
	put_field("build_id", build.id);
	printf(",\"executions\":%ju,\"steps_per_execution\":%.1f,\"seconds\":%.6f,"
	       "\"executions_per_s\":%.0f,\"cpu_seconds\":%.6f,\"executions_per_cpu_s\":%.0f}\n",
	       (uintmax_t)executions, (double)steps / executions, seconds, executions / seconds,
	       cpu_seconds, executions / cpu_seconds);
}
