/* explore: runs one case of a target under a simulated memory,
 * deterministically.
 *
 *   $ build/explore/poller/BUG_RELEASE_DUMMY/explore --case close_vs_block
 *   --model tso
 *   poller/BUG_RELEASE_DUMMY close_vs_block tso: lost_wakeup at execution 31:
 *   lost (...)
 *   ... the trace ...
 *   CAUGHT  exhausted: 1234 executions, 567 pruned, 800000/s
 *   replay: build/explore/... --replay '1|poller/BUG_RELEASE_DUMMY|...'
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "build.h"
#include "memory/model.h"
#include "output.h"
#include "reach.h"
#include "search/search.h"
#include "sites.h"

const struct build build = { TARGET, VARIANT, LANE, CODE_HASH, CODE_HASH " " __VERSION__ };

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Executions a second of a random search without shrinking, findings and all;
 * by the clock, and by the processor time used (others may run too). */
static int bench(struct options *o)
{
	enum { WARM_UP = 10000, MEASURED = 300000 };
	static struct run run;
	uint64_t steps = 0;
	runner_open(o->request.test);
	model = o->request.model;
	if (o->request.search == AUTO)
		o->request.search = RANDOM;
	explore_random(&o->request);
	double start = 0, cpu = 0;
	uint64_t measured = o->request.executions ? o->request.executions : MEASURED;
	uint64_t warm_up = measured < WARM_UP ? measured : WARM_UP;
	for (uint64_t n = 0; n < warm_up + measured; n++) {
		if (n == warm_up) {
			start = seconds(CLOCK_MONOTONIC);
			cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		}
		sim.bare = runner_bare(n);
		search->begin(n);
		runner_run(&run);
		steps += n >= warm_up ? sim.steps : 0;
	}
	print_bench(&o->request, measured, steps, seconds(CLOCK_MONOTONIC) - start,
		    seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return EXIT_AS_EXPECTED;
}

/* With a case: which sites random executions of it reach. */
static int list_sites(struct options *o)
{
	enum { EXECUTIONS = 1000 };
	static struct run run;
	uint64_t n = 0;
	sites_all(&(const struct access_site *){ NULL });
	if (o->request.test) {
		uint64_t most = o->request.executions ? o->request.executions : EXECUTIONS;
		runner_open(o->request.test);
		model = o->request.model;
		search = &mixed_search;
		random_seed(o->request.seed);
		pct_seed(o->request.seed, 0);
		pos_seed(o->request.seed);
		sites_watched = true;
		for (; n < most; n++) {
			search->begin(n);
			runner_run(&run);
		}
	}
	print_sites(o, n);
	return EXIT_AS_EXPECTED;
}

static int replay(struct options *o, const char *program)
{
	static struct finding f;
	runner_open(o->request.test);
	model = o->request.model;
	bool changed = strcmp(o->code, build.code) != 0;
	if (changed)
		fprintf(stderr, "explore: the code has changed since this was recorded (%s, now "
				"%s): going on, with option 0 where a choice no longer fits\n",
			o->code, build.code);
	uint32_t wanted = expected_classes(o->request.test, build.variant, o->request.model_bit);
	unsigned misfits = explore_replay(o->choice, o->choices, &f);
	/* A data race on the way to what was found by who looked for none. */
	if (f.run.failure == DATA_RACE && o->request.test->whole && !(wanted >> DATA_RACE & 1)) {
		f.blind = true;
		explore_replay(o->choice, o->choices, &f);
		if (f.run.failure == NO_FAILURE) {
			f.blind = false;
			explore_replay(o->choice, o->choices, &f);
		}
	}
	if (misfits)
		fprintf(stderr, "explore: %u of %u choices did not fit\n", misfits, o->choices);
	print_replay(o, &f, misfits, program);
	bool found = f.run.failure != NO_FAILURE;
	return (found ? wanted >> f.run.failure & 1 : !wanted) ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
}

static int run(struct options *o, const char *program)
{
	static struct result r;
	runner_open(o->request.test);
	explore(&o->request, &r);
	print_result(o, &r, program);
	if (r.interrupted)
		return 128 + r.interrupted;
	return verdict_expected(verdict_of(&o->request, &r)) ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
}

/* How a replay starts: this program, with the orders that it was given. */
static const char *command(const struct options *o, const char *program)
{
	static char text[4096];
	size_t used = snprintf(text, sizeof text, "%s", program);
	for (unsigned i = 0; i < o->weakenings && used < sizeof text; i++)
		used += snprintf(text + used, sizeof text - used, " --weaken %s", o->weakened[i]);
	return text;
}

int main(int argc, char **argv)
{
	static struct options o;
	options_read(&o, argc, argv);
	const char *program = command(&o, argv[0]);
	switch (o.command) {
	case HELP:
		print_help();
		return EXIT_AS_EXPECTED;
	case LIST:
		print_list(o.json);
		return EXIT_AS_EXPECTED;
	case SITES:
		return list_sites(&o);
	case REACH:
		return print_reach(&o);
	case BENCH:
		return bench(&o);
	case REPLAY:
		return replay(&o, program);
	case EXPLORE:
		break;
	}
	return run(&o, program);
}
