#include "common/executions.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fuzzer.h"
#include "memory/model.h"
#include "output.h"
#include "search/search.h"

enum { SHRINK_EXECUTIONS = 2000, CIRCLE = 1 << 16 };

static const char *const names[] = { "sc", "tso", "armv8", "armv8+lse", "armv8+rcpc",
				     "armv8+lse+rcpc", "c11" };
enum { MODELS = sizeof names / sizeof *names };
/* Looked up once: libFuzzer listens to every comparison of strings. */
static struct { const struct memory_model *model; enum model bit; } models[MODELS];
static const struct test_case *all[MAX_CASES];
static unsigned cases;
static uint16_t place[MAX_CASES];
static uint64_t executions;

/* FNV-1a, folded. */
static uint16_t place_of(const char *name)
{
	uint32_t h = 2166136261u;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ h >> 16;
}

static const struct test_case *chosen(const uint8_t *header)
{
	unsigned from = header[0] | header[1] << 8, best = 0, least = CIRCLE;
	for (unsigned i = 0; i < cases; i++) {
		unsigned distance = (place[i] - from) & (CIRCLE - 1);
		if (distance < least) {
			least = distance;
			best = i;
		}
	}
	return all[best];
}

static void report(const struct run *run, enum model bit)
{
	static struct options o;
	static struct result r;
	char program[300];
	o.request = (struct request){ .model = model, .model_bit = bit, .seed = 1, .search = RANDOM,
				      .preemptions = -1, .stale = -1 };
	o.request.test = runner_case();
	o.trace = !fuzzer_runs_corpus;
	r.executions = r.first_hit_execution = executions;
	r.found = r.bounded = true;
	r.elapsed = 1e9;
	r.finding.run = *run;
	r.finding.race = race;
	r.finding.blind = sim.blind;
	r.finding.choices = sim.choices;
	memcpy(r.finding.choice, sim.choice, sim.choices);
	snprintf(program, sizeof program, "build/explore/%s/%s/explore", build.target,
		 build.variant);
	explore_shrink(&r.finding, SHRINK_EXECUTIONS);
	print_result(&o, &r, program);
	fuzzer_found();
}

/* Whether this variant's run of a whole runtime shows something else than a
 * data race: one on the way there is not what ends it, as in the explorer. */
static bool outlasts_races(const struct test_case *c, enum model bit)
{
	uint32_t wanted = c->whole ? expected_classes(c, build.variant, bit) : 0;
	return wanted && !(wanted >> DATA_RACE & 1);
}

static void execute(struct run *run, const struct test_case *c, unsigned under,
		    const uint8_t *choices, size_t n)
{
	runner_open(c);
	model = models[under].model;
	bytes_start(choices, n);
	search = &bytes_search;
	search->begin(executions);
	feedback_begin();
	sim.blind = outlasts_races(c, models[under].bit);
	runner_run(run);
	feedback_end();
}

/* Each case a few times, with few surprises; a run of a whole runtime, which
 * takes long, once. */
static void look_around(void)
{
	enum { TIMES = 2 * MODELS, CHOICES = 96, SURPRISE = 8 };
	uint64_t state = 1;
	for (unsigned i = 0; i < cases * TIMES; i++) {
		struct run run;
		uint8_t choice[CHOICES];
		if (i >= cases && all[i % cases]->whole)
			continue;
		for (unsigned k = 0; k < CHOICES; k++) {
			uint64_t x = random_next(&state) >> 32;
			choice[k] = x % SURPRISE ? 0 : x / SURPRISE;
		}
		execute(&run, all[i % cases], i / cases % MODELS, choice, CHOICES);
		feedback_learn();
	}
	feedback_learnt();
	sim.blind = false;
}

void executions_open(void)
{
	cases = all_cases(all);
	for (unsigned i = 0; i < cases; i++)
		place[i] = place_of(all[i]->name);
	for (unsigned i = 0; i < MODELS; i++)
		models[i].model = model_named(names[i], &models[i].bit);
	runner_open(all[0]);
	feedback_open();
	if (!fuzzer_runs_corpus)
		look_around();
	/* Hangs and aborts are libFuzzer's to notice. */
	alarm(0);
	signal(SIGALRM, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
}

void executions_run(const uint8_t *data, size_t size)
{
	struct run run;
	uint8_t header[INPUT_HEADER] = { 0 };
	size_t given = size < INPUT_HEADER ? size : INPUT_HEADER;
	if (given > 0)
		memcpy(header, data, given);
	unsigned under = header[2] % MODELS;
	execute(&run, chosen(header), under, data + given, size - given);
	executions++;
	if (run.failure != NO_FAILURE)
		report(&run, models[under].bit);
	sim.blind = false;
}
