#include "explore.h"

#include <string.h>
#include <time.h>

#include "build.h"
#include "memory/model.h"
#include "search/search.h"
#include "share.h"

enum {
	CLOCK_EVERY = 64,           /* executions between looks at the clock */
	CLOCK_STEPS = 1 << 14,      /* and steps */
	RANDOM_EXECUTIONS = 20000,  /* of the automatic search, before it exhausts */
	SHRINK_EXECUTIONS = 2000
};

const struct search *search = &random_search;
const char *const search_names[SEARCHES] = { "auto", "random", "pct", "pos", "dfs",
						   "dpor" };

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void keep(struct finding *f, const struct run *run)
{
	f->run = *run;
	f->race = race;
	f->blind = sim.bare || sim.blind;
	f->choices = sim.choices;
	memcpy(f->choice, sim.choice, sim.choices);
}

static void count_told(struct result *r)
{
	const struct thrown *t = runner_case()->thrown;
	for (unsigned i = 0; t && i < MAX_OUTCOMES && t[i].message; i++)
		r->told[i] += strcmp(t[i].message, sim.fatal) == 0;
}

/* Which finding is shown: the first, unless one of an expected class comes
 * later. */
static void record(struct result *r, const struct run *run, uint32_t wanted, double start)
{
	if (run->outcome >= 0)
		r->outcomes[run->outcome]++;
	if (sim.stop == STOP_FATAL)
		count_told(r);
	if (run->failure == NO_FAILURE)
		return;
	r->hits[run->failure]++;
	bool expected = wanted >> run->failure & 1;
	bool had_expected = r->found && wanted >> r->finding.run.failure & 1;
	if (r->found && (had_expected || !expected))
		return;
	r->found = true;
	r->first_hit_execution = r->executions;
	r->first_hit_s = seconds() - start;
	keep(&r->finding, run);
}

struct phase {
	uint64_t first, stride; /* the numbers of its executions */
	uint64_t executions; /* below this number; 0: no limit */
	double until;
	uint32_t until_hit;  /* classes that end it */
	bool samples;        /* a random search */
	bool (*go_on)(const struct request *, uint64_t); /* or NULL */
	const struct request *request;
};

/* Runs the search in force. Returns whether it ended by itself. */
static bool run_phase(const struct phase *p, struct result *r, uint32_t wanted, double start)
{
	uint64_t n = p->first, runs = 0, looked = r->steps;
	do {
		if (p->go_on && !p->go_on(p->request, n))
			return false;
		if (p->executions && n >= p->executions)
			return false;
		if (runs++ % CLOCK_EVERY == CLOCK_EVERY - 1 ||
		    r->steps - looked > CLOCK_STEPS) {
			looked = r->steps;
			if (seconds() > p->until)
				return false;
		}
		struct run run;
		sim.bare = p->samples && runner_bare(n);
		search->begin(n);
		n += p->stride;
		runner_run(&run);
		r->steps += sim.steps;
		if (run.redundant) {
			r->pruned++;
		} else {
			r->executions++;
			record(r, &run, wanted, start);
		}
		sim.bare = false;
		if (p->until_hit >> run.failure & 1)
			return false;
	} while (search->next());
	return true;
}

void explore_random(const struct request *q)
{
	static const struct search *const all[] = {
		[AUTO] = &mixed_search, [RANDOM] = &random_search, [PCT] = &pct_search,
		[POS] = &pos_search,
	};
	random_seed(q->seed);
	pct_seed(q->seed, q->depth);
	pos_seed(q->seed);
	budget_start(q->preemptions, q->stale, all[q->search]);
	search = budget_any() ? &budget_search : all[q->search];
}

static double started;

static uint32_t wanted_by(const struct request *q)
{
	return expected_classes(q->test, build.variant, q->model_bit);
}

bool explore_ends(const struct request *q, const struct result *r)
{
	uint32_t wanted = wanted_by(q);
	return r->found && (!wanted || wanted >> r->finding.run.failure & 1);
}

void explore_samples(const struct request *q, unsigned first, struct result *r,
		     bool (*go_on)(const struct request *, uint64_t))
{
	uint32_t wanted = wanted_by(q);
	run_phase(&(struct phase){ .first = first, .stride = q->jobs,
				   .executions = q->executions, .until = started + q->seconds,
				   .until_hit = wanted ? wanted : ~1u, .samples = true,
				   .go_on = go_on, .request = q }, r, wanted, started);
}

bool explore_piece(const struct request *q, struct result *r,
		   bool (*go_on)(const struct request *, uint64_t))
{
	uint64_t cuts = sim.cuts;
	struct phase p = { .stride = 1, .until = started + q->seconds, .go_on = go_on,
			   .request = q };
	bool ended = run_phase(&p, r, wanted_by(q), started);
	r->cut += sim.cuts - cuts;
	return ended;
}

/* Depth first. Exhausted only if nothing at all was cut. */
static void run_dfs(const struct request *q, struct result *r)
{
	uint64_t cuts = sim.cuts;
	budget_start(q->preemptions, q->stale, NULL);
	dfs_start(!q->sleep_sets ? ALL_ORDERS : q->search == DFS ? SLEEP_SETS : SOURCE_SETS);
	search = &dfs_search;
	if (q->jobs > 1 || q->resume) {
		share(q, r);
	} else {
		struct phase p = { .stride = 1, .executions = q->executions,
				   .until = started + q->seconds };
		r->ended = run_phase(&p, r, wanted_by(q), started);
		r->cut = sim.cuts - cuts + dfs_excluded();
	}
	sim.remembers = false;
	r->exhausted = r->ended && r->cut == 0;
	r->bounded = !r->exhausted;
}

void explore(const struct request *q, struct result *r)
{
	struct request part = *q;
	/* Runs of a whole runtime are too long for that. */
	bool exhausts = q->search == AUTO && !q->test->whole;
	started = seconds();
	memset(r, 0, offsetof(struct result, finding));
	r->finding.choices = 0;
	r->first_hit_s = -1;
	r->bounded = true;
	model = q->model;
	if (q->search >= DFS) {
		run_dfs(q, r);
	} else {
		explore_random(q);
		if (exhausts && (!q->executions || q->executions > RANDOM_EXECUTIONS)) {
			part.executions = RANDOM_EXECUTIONS;
			part.seconds = q->seconds / 4;
		}
		if (q->jobs > 1)
			share(&part, r);
		else
			explore_samples(&part, 0, r, NULL);
	}
	uint64_t left = q->executions > r->executions ? q->executions - r->executions : 0;
	if (exhausts && (left || !q->executions)) {
		part = *q;
		part.search = DPOR;
		part.executions = left;
		run_dfs(&part, r);
	}
	r->elapsed += seconds() - started;
	r->shrunk_from = r->finding.choices;
	if (r->found && q->shrink)
		explore_shrink(&r->finding, SHRINK_EXECUTIONS);
}

unsigned explore_replay(const uint8_t *choices, unsigned n, struct finding *f)
{
	struct run run;
	search = &replay_search;
	replay_start(choices, n);
	search->begin(0);
	sim.blind = f->blind;
	runner_run(&run);
	keep(f, &run);
	sim.blind = false;
	return replay_misfits();
}

/* --- verdicts --- */

uint32_t expected_classes(const struct test_case *c, const char *variant, enum model m)
{
	uint32_t classes = 0;
	for (const struct expectation *e = c->expect; e && e->variant; e++)
		if (strcmp(e->variant, variant) == 0 && e->models & m)
			classes |= 1u << e->failure;
	return classes;
}

enum verdict verdict_of(const struct request *q, const struct result *r)
{
	uint32_t wanted = wanted_by(q);
	bool buggy = strncmp(build.variant, "BUG_", 4) == 0 || wanted;
	if (!r->found)
		return wanted ? NOT_CAUGHT : buggy ? QUIET_AS_EXPECTED : CLEAN;
	if (!wanted)
		return buggy ? UNEXPECTED_HIT : REFUTED;
	return wanted >> r->finding.run.failure & 1 ? CAUGHT : WRONG_CLASS;
}

const char *verdict_text(enum verdict v)
{
	static const char *const text[] = { "CAUGHT", "NOT_CAUGHT", "QUIET_AS_EXPECTED",
					    "UNEXPECTED_HIT", "CLEAN", "REFUTED",
					    "WRONG_CLASS" };
	return text[v];
}

bool verdict_expected(enum verdict v)
{
	return v == CAUGHT || v == QUIET_AS_EXPECTED || v == CLEAN;
}
