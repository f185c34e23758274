#define _GNU_SOURCE
#include "engine/run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/sanitizer.h"
#include "stress/world.h"

enum { LONGEST_OVERRUN = 2, MOST_BROKEN_CHILDREN = 20 };

/* A sanitizer's first report takes its child a while: few, long children. */
#define AIM_CHILD_S (SANITIZED ? 1.0 : 0.15)
#define AIM_SHARE 0.4 /* of the time, at most */
#define AIM_LONGEST_S 1.0
#define FINAL_SHARE 0.08 /* of aim's time, for each trial of the best */
#define PROFILE_S 0.1

/* --- what this run proves --- */

/* What only a sanitizer sees is for its lane; the rest is for models that show
 * it. */
bool lane_shows(const struct expectation *e)
{
	switch (e->failure) {
	case DATA_RACE:
		return SANITIZER_LANE == TSAN_LANE;
	case MEMORY_ERROR:
	case UNDEFINED_BEHAVIOUR:
		return SANITIZER_LANE == ASAN_LANE;
	default:
		return e->models & (SANITIZED ? SC : hardware_model());
	}
}

bool must_show(const struct test_case *t, enum failure f)
{
	for (const struct expectation *e = t->expect; e && e->variant; e++)
		if (strcmp(e->variant, identity.variant) == 0 && e->failure == f && lane_shows(e))
			return true;
	return false;
}

bool may_show(const struct test_case *t, enum failure f)
{
	/* BUG_X+plain may fail like BUG_X, and as no hardware does: to a
	 * compiler its plain fields are nobody else's. */
	size_t switches = strcspn(identity.variant, "+");
	unsigned models = identity.variant[switches] ? EVERY_MODEL : hardware_model();
	for (const struct expectation *e = t->expect; e && e->variant; e++)
		if (strncmp(e->variant, identity.variant, switches) == 0 &&
		    e->variant[switches] == '\0' && e->failure == f && f != DATA_RACE &&
		    e->models & models)
			return true;
	return must_show(t, f);
}

bool must_show_any(const struct test_case *t)
{
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (must_show(t, (enum failure)f))
			return true;
	return false;
}

static bool is_buggy(void)
{
	return strncmp(identity.variant, "BUG_", 4) == 0;
}

/* Rounds that count. A sanitizer looks at all of them, the search's too. */
static uint64_t exposure(const struct result *r)
{
	return SANITIZED ? r->all.rounds : r->measured.rounds;
}

struct verdict run_verdict(const struct test_case *t, const struct result *r)
{
	uint64_t hits = 0, due = 0, allowed = 0;
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++) {
		hits += r->failures[f];
		if (must_show(t, (enum failure)f))
			due += r->failures[f];
		if (may_show(t, (enum failure)f))
			allowed += r->failures[f];
	}
	if (r->failures[ENGINE_ERROR])
		return (struct verdict){ "ENGINE_ERROR", 0, EXIT_ENGINE };
	if (hits == 0 && !must_show_any(t) && exposure(r) == 0)
		return (struct verdict){ "INCONCLUSIVE", -1, EXIT_EXPECTED };
	if (!is_buggy())
		return hits ? (struct verdict){ "REFUTED", 0, EXIT_UNEXPECTED }
			    : (struct verdict){ "CLEAN", 1, EXIT_EXPECTED };
	if (!must_show_any(t) && hits > allowed)
		return (struct verdict){ "UNEXPECTED_HIT", 0, EXIT_UNEXPECTED };
	if (!must_show_any(t))
		return (struct verdict){ hits ? "CAUGHT" : "QUIET_AS_EXPECTED", 1,
					 EXIT_EXPECTED };
	if (hits > allowed)
		return (struct verdict){ "WRONG_CLASS", 0, EXIT_UNEXPECTED };
	return due ? (struct verdict){ "CAUGHT", 1, EXIT_EXPECTED }
		   : (struct verdict){ "NOT_CAUGHT", 0, EXIT_UNEXPECTED };
}

/* --- the phases --- */

struct run {
	const struct options *options;
	struct subject subject;
	struct result *result;
	int64_t end;
	unsigned broken;
};

/* Whatever the time. */
static bool settled(struct run *run)
{
	const struct options *o = run->options;
	return child_stop || run->result->error[0] || run->broken >= MOST_BROKEN_CHILDREN ||
	       (o->until_hits && run->result->all.hits >= o->until_hits);
}

static bool over(struct run *run)
{
	return settled(run) || world_now() >= run->end;
}

static void status_line(struct run *run, const char *doing)
{
	static int64_t last;
	int64_t now = world_now();
	const struct result *r = run->result;
	if (!isatty(STDERR_FILENO) || now - last < 1000000000)
		return;
	last = now;
	fprintf(stderr, "\r%s: %s, %.1f M rounds, %llu hits, %.0f s left   ",
		run->options->case_name, doing, r->all.rounds / 1e6,
		(unsigned long long)r->all.hits, (run->end - now) / 1e9);
}

static void one_child(struct run *run, enum phase phase, double seconds)
{
	struct child_plan plan = {
		.subject = &run->subject,
		.phase = phase,
		.ns = (int64_t)(seconds * 1e9),
		.patience = (int64_t)(run->options->patience * 1e9),
		.until_hits = run->options->until_hits,
		.seed = run->options->seed * 1000003 + run->result->children,
	};
	if (!child_run(&plan, run->result))
		run->broken++;
}

static void aim_phase(struct run *run, int layout)
{
	const struct options *o = run->options;
	struct result *r = run->result;
	double budget = o->seconds * AIM_SHARE;
	if (budget > AIM_LONGEST_S)
		budget = AIM_LONGEST_S;
	int64_t stop = world_now() + (int64_t)(budget * 1e9);
	aim_init(&r->aim, &run->subject, layout, o->seed);
	while (!over(run) && world_now() < stop) {
		double left = (stop - world_now()) / 1e9;
		one_child(run, PHASE_AIM, left < AIM_CHILD_S ? left : AIM_CHILD_S);
		status_line(run, "aiming");
	}
	aim_final_start(&r->aim);
	for (int trial = 0; trial < AIM_TRIALS && !over(run); trial++) {
		aim_final_trial(&r->aim);
		one_child(run, PHASE_FINAL, budget * FINAL_SHARE);
	}
	r->env = aim_best(&r->aim);
	aim_profile_start(&r->aim, &r->env);
	if (!over(run) && o->seconds >= 5 * PROFILE_S)
		one_child(run, PHASE_PROFILE, PROFILE_S);
}

/* The children that were asked for, and what the time allows beyond them: on a
 * loaded host each takes longer than its share, and then the run does. */
static void measure_phase(struct run *run)
{
	uint32_t wanted = run->options->children;
	int64_t left = run->end - world_now(), longest = run->end + LONGEST_OVERRUN *
						       (int64_t)(run->options->seconds * 1e9);
	double each = (left > 0 ? left : 0) / 1e9 / wanted;
	while (!settled(run) &&
	       (world_now() < run->end ||
		(run->result->measured_children < wanted && world_now() < longest))) {
		one_child(run, PHASE_MEASURE, each);
		status_line(run, "measuring");
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void stop_on_signal(int signal)
{
	child_stop = signal;
}

/* One line on stderr, and the exit code to return. */
__attribute__((format(printf, 2, 3))) static int refuse(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("storm: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return code;
}

/* Fills subject, pins and layout from the options. Returns 0 or an exit code.
 */
static int set_up(struct run *run, int *layout)
{
	const struct options *o = run->options;
	char why[PIN_WHY];
	if (!subject_find(o->case_name, &run->subject))
		return refuse(EXIT_USAGE, "no case '%s' in %s; --list names them", o->case_name,
			      identity.target);
	*layout = -1;
	for (unsigned i = 0; o->layout && i < run->subject.layouts; i++)
		if (strcmp(run->subject.layout[i]->layout, o->layout) == 0)
			*layout = (int)i;
	if (o->layout && *layout < 0)
		return refuse(EXIT_USAGE, "no layout '%s'; known: natural, spread", o->layout);
	if (pin_topology_load(NULL, why) != PIN_OK)
		return refuse(EXIT_ENGINE, "%s", why);
	enum pin_result pinned =
		o->pin ? pin_by_list(&run->result->pins, o->pin, run->subject.actors)
		       : pin_by_placement(&run->result->pins, o->placement, run->subject.actors, 0);
	if (pinned == PIN_ABSENT)
		return refuse(EXIT_SKIPPED, "skipped: %s", run->result->pins.why);
	/* Actors that take turns never meet: every block would be spoilt. */
	if (pinned == PIN_OK && run->result->pins.shared_pu && !o->pin && !SANITIZED)
		return refuse(EXIT_SKIPPED, "skipped: %u actors want a processor each, and there"
			      " are %d; --placement none runs them all the same",
			      run->subject.actors, CPU_COUNT(pin_allowed()));
	if (pinned != PIN_OK)
		return refuse(EXIT_USAGE, "%s", run->result->pins.why);
	return 0;
}

int run_case(const struct options *o)
{
	static struct run run;
	int layout;
	run.options = o;
	run.result = result_new();
	int code = set_up(&run, &layout);
	if (code != 0)
		return code;
	env_plain(&run.result->env);
	if (layout > 0)
		run.result->env.layout = (uint8_t)layout;
	if (o->env) {
		const char *wrong = env_parse(o->env, &run.subject, &run.result->env);
		if (wrong)
			return refuse(EXIT_USAGE, "--env %s: %s", o->env, wrong);
	}
	signal(SIGINT, stop_on_signal);
	signal(SIGTERM, stop_on_signal);
	run.end = world_now() + (int64_t)(o->seconds * 1e9);
	if (!o->env && !o->no_aim)
		aim_phase(&run, layout);
	measure_phase(&run);
	run_report(o, &run.subject, run.result, o->json);
	if (run.result->error[0])
		return refuse(EXIT_ENGINE, "%s", run.result->error);
	if (ferror(stdout) || fflush(stdout) != 0)
		return refuse(EXIT_ENGINE, "cannot write the result: %s", strerror(errno));
	return child_stop ? 128 + child_stop
			  : (int)run_verdict(run.subject.layout[0], run.result).code;
}
