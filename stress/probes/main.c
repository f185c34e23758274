/* probe: what this machine reorders.
 *
 *   $ build/native/probe SB MP --seconds 1
 *   transfer l3       105 ns from core to core (quartiles 103, 108; shares L3)
 *   MP       plain      strided    12.10 M rounds      0 weak    0/s  forbidden
 *            NOT_SEEN
 *   SB       plain      strided    10.22 M rounds 4551780 weak 4.1e+06/s
 *            allowed SEEN
 *   ...
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/world.h"
#include "engine/hardware.h"
#include "probes/report.h"

static const char usage[] =
	"usage: probe [NAME...] [options]\n"
	"       probe --list [--json]\n"
	"       probe --litmus [NAME...]   the same as litmus tests in C\n"
	"  --order NAME       plain, release_acquire, seq_cst (default: each)\n"
	"  --form NAME        strided, perpetual (default: each that there is)\n"
	"  --seconds S        for each, after tuning (default 0.3; 0: by --rounds)\n"
	"  --rounds N         at most so many for each\n"
	"  --tune S           for tuning each (default 0.5; 0: not tuned)\n"
	"  --tuning TEXT      as a result gives it; no search\n"
	"  --placement NAME   all (default), smt, l2, l3, package, numa, none\n"
	"  --pin LIST         one hwloc location per actor: core:0.pu:0,core:1.pu:0\n"
	"  --seed N           of the search\n"
	"  --transfer         only the yardstick: a cache line's way, by placement\n"
	"  --json             one JSON object per result on stdout\n"
	"exit: 0 as the model permits, 1 model violation, 2 engine error, 64 usage,\n"
	"      77 all skipped\n";

#define EVERY_PROBE(p) \
	for (const struct probe *const *p = __start_stormrig_probes; \
	     p < __stop_stormrig_probes; p++)

enum { OK = 0, VIOLATED = 1, ENGINE = 2, USAGE = 64, SKIPPED = 77 };

struct command {
	const char *order, *form, *tuning, *placement, *pin;
	char **names;
	int count;
	double seconds, tune;
	uint64_t rounds, seed;
	bool list, litmus, transfer, json;
};

enum option_id { LIST = 256, LITMUS, ORDER, FORM, SECONDS, ROUNDS, TUNE, TUNING, PLACEMENT, PIN,
		 SEED, TRANSFER, JSON, HELP };

static const struct option options[] = {
	{ "list", no_argument, NULL, LIST },
	{ "litmus", no_argument, NULL, LITMUS },
	{ "order", required_argument, NULL, ORDER },
	{ "form", required_argument, NULL, FORM },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "rounds", required_argument, NULL, ROUNDS },
	{ "tune", required_argument, NULL, TUNE },
	{ "tuning", required_argument, NULL, TUNING },
	{ "placement", required_argument, NULL, PLACEMENT },
	{ "pin", required_argument, NULL, PIN },
	{ "seed", required_argument, NULL, SEED },
	{ "transfer", no_argument, NULL, TRANSFER },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static int refuse(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "probe: --%s %s: wants %s\n", option, value, wanted);
	return USAGE;
}

static bool read_seconds(const char *text, double *s)
{
	char *end;
	*s = strtod(text, &end);
	return end != text && !*end && *s >= 0 && *s <= 1e7;
}

static bool read_count(const char *text, uint64_t *n)
{
	char *end;
	*n = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static int take(struct command *c, int id, const char *value)
{
	switch (id) {
	case LIST: c->list = true; return 0;
	case LITMUS: c->litmus = true; return 0;
	case TRANSFER: c->transfer = true; return 0;
	case JSON: c->json = true; return 0;
	case TUNING: c->tuning = value; return 0;
	case PLACEMENT: c->placement = value; return 0;
	case PIN: c->pin = value; return 0;
	case ORDER: c->order = value; return 0;
	case FORM:
		c->form = value;
		return !strcmp(value, "strided") || !strcmp(value, "perpetual")
			       ? 0 : refuse("form", value, "strided or perpetual");
	case SECONDS:
		return read_seconds(value, &c->seconds) ? 0
			: refuse("seconds", value, "a number from 0");
	case TUNE:
		return read_seconds(value, &c->tune) ? 0 : refuse("tune", value, "a number from 0");
	case ROUNDS:
		return read_count(value, &c->rounds) ? 0 : refuse("rounds", value, "a number");
	case SEED:
		return read_count(value, &c->seed) ? 0 : refuse("seed", value, "a number");
	}
	return USAGE;
}

static bool known(const char *name, const char *order)
{
	EVERY_PROBE(p)
		if ((!name || !strcmp((*p)->name, name)) && (!order || !strcmp((*p)->order, order)))
			return true;
	return false;
}

static int check_command(struct command *c)
{
	struct tuning t;
	for (int i = 0; i < c->count; i++)
		if (!known(c->names[i], NULL)) {
			fprintf(stderr, "probe: no probe %s; --list names them\n", c->names[i]);
			return USAGE;
		}
	if (c->order && !known(NULL, c->order))
		return refuse("order", c->order, "plain, release_acquire or seq_cst");
	if (c->tuning && tuning_parse(c->tuning, &t))
		return refuse("tuning", c->tuning, tuning_parse(c->tuning, &t));
	if (c->seconds == 0 && c->rounds == 0)
		return refuse("seconds", "0", "--rounds too: one of them ends the run");
	if (c->pin && c->placement)
		return refuse("pin", c->pin, "no --placement beside it");
	if (!c->placement)
		c->placement = "all";
	return 0;
}

static int parse(int argc, char **argv, struct command *c)
{
	int id, code = 0;
	opterr = 0;
	while (!code && (id = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (id == HELP) {
			fputs(usage, stdout);
			exit(OK);
		}
		if (id == '?' || id == ':') {
			fprintf(stderr, "probe: %s: unknown, or lacks its value; --help tells"
				" more\n", argv[optind - 1]);
			return USAGE;
		}
		code = take(c, id, optarg);
	}
	c->names = argv + optind;
	c->count = argc - optind;
	return code ? code : check_command(c);
}

/* --- running --- */

static int failed(const char *why)
{
	fprintf(stderr, "probe: %s\n", why);
	return ENGINE;
}

/* Where the actors stand. Returns 0, an exit code, or SKIPPED; the plan has
 * the reason. */
static int place_actors(const struct command *c, unsigned actors, struct pin_plan *plan)
{
	enum pin_result r = c->pin ? pin_by_list(plan, c->pin, actors)
				   : pin_by_placement(plan, c->placement, actors, 0);
	if (r == PIN_ERROR) {
		fprintf(stderr, "probe: %s\n", plan->why);
		return USAGE;
	}
	if (r == PIN_ABSENT)
		return SKIPPED;
	unsigned here = (unsigned)CPU_COUNT(pin_allowed());
	if (!plan->shared_pu && here >= actors)
		return 0;
	pin_failed(plan->why, "%u actors, %u processor%s%s", actors, here, here == 1 ? "" : "s",
		   here < actors ? "" : ", and some share one as pinned");
	return SKIPPED;
}

static int run_one(const struct command *c, const char *program, const struct probe *p,
		   bool perpetual)
{
	static struct pin_plan plan;
	char why[PIN_WHY];
	struct tuning t;
	struct probe_result r = { .probe = p, .program = program, .lane = LANE,
				  .build_id = BUILD_ID, .perpetual = perpetual, .seed = c->seed,
				  .placement = c->pin ? NULL : c->placement, .plan = &plan,
				  .tuning = &t };
	int code = place_actors(c, probe_actors(p), &plan);
	if (code == SKIPPED)
		r.skipped = plan.why;
	else if (code)
		return code;
	else if (c->tuning)
		tuning_parse(c->tuning, &t);
	else if (tune(p, perpetual, &plan, c->tune, c->seed, &t, &r.all, why))
		return failed(why);
	if (!code && crew_run(p, perpetual, &t, &plan, c->rounds, c->seconds, &r.tally, why))
		return failed(why);
	tally_add(&r.all, &r.tally);
	for (unsigned a = 0; a < plan.actors && !code; a++)
		pin_seat_text(&plan.seat[a].cpus, plan.seat[a].got);
	report_probe(&r, c->json);
	fflush(stdout);
	return code ? code : violations(&r) ? VIOLATED : OK;
}

static int yardstick(const struct command *c)
{
	static struct pin_plan plan;
	double ns[3];
	int code = SKIPPED;
	for (unsigned i = 0; pin_placement_name(i); i++) {
		const char *name = pin_placement_name(i);
		if (!strcmp(name, "none") || (c->pin && strcmp(name, "all")))
			continue;
		struct command here = *c;
		here.placement = name;
		int placed = place_actors(&here, 2, &plan);
		if (placed == USAGE)
			return USAGE;
		char why[PIN_WHY];
		memcpy(why, plan.why, PIN_WHY);
		if (!placed && transfer_ns(&plan, ns, why))
			return failed(why);
		report_transfer(name, &plan, placed ? NULL : ns, why, c->json);
		code = placed ? code : OK;
	}
	return code;
}

static bool wanted(const struct command *c, const struct probe *p)
{
	bool named = c->count == 0;
	for (int i = 0; i < c->count; i++)
		named |= !strcmp(c->names[i], p->name);
	return named && (!c->order || !strcmp(c->order, p->order));
}

static int worse(int code, int next)
{
	if (code == SKIPPED || next == ENGINE || (next == VIOLATED && code == OK))
		return next;
	return code;
}

static int run_all(const struct command *c, const char *program)
{
	static struct pin_plan plan;
	char why[PIN_WHY];
	int code = SKIPPED;
	if (pin_topology_load(NULL, why))
		return failed(why);
	if (place_actors(c, 2, &plan) == USAGE)
		return USAGE;
	if (c->count == 0)
		code = yardstick(c);
	if (c->transfer || (code != OK && code != SKIPPED))
		return code;
	EVERY_PROBE(p)
		for (int perpetual = 0; perpetual <= 1 && wanted(c, *p); perpetual++) {
			if (perpetual && !(*p)->again[0])
				continue;
			if (c->form && perpetual != !strcmp(c->form, "perpetual"))
				continue;
			int one = run_one(c, program, *p, perpetual);
			if (one == USAGE || one == ENGINE)
				return one;
			code = worse(code, one);
		}
	return code;
}

int main(int argc, char **argv)
{
	struct command c = { .seconds = 0.3, .tune = 0.5,
			     .seed = (uint64_t)world_now() % 1000000007 };
	int code = parse(argc, argv, &c);
	if (code)
		return code;
	if (!c.list && !c.litmus)
		code = run_all(&c, argv[0]);
	EVERY_PROBE(p)
		if (!wanted(&c, *p))
			continue;
		else if (c.list)
			report_list(*p, c.json);
		else if (c.litmus)
			litmus_print(*p);
	if (fflush(stdout) != 0 || ferror(stdout))
		return failed("cannot write to stdout");
	return code;
}
