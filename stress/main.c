/* storm: runs a case on real cores, or a storm on the whole target.
 *
 *   storm --list
 *   storm --storm churn --seconds 5
 *   storm --case close_vs_block --seconds 2
 *
 *   poller/close_vs_block BUG_RELEASE_DUMMY: 2.90 M rounds in 1.77 s (1.6 M/s)
 *     lost                1770829  parked in the semaphore although closing ...
 *   CAUGHT  replay: build/native/poller/BUG_RELEASE_DUMMY/storm --case ...
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/emit.h"
#include "engine/run.h"
#include "engine/sanitizer.h"
#include "storms/run.h"
#include "stress/world.h"

static const char usage[] =
	"usage: storm --list [--json]\n"
	"       storm --version [--json]\n"
	"       storm --case NAME [options]\n"
	"       storm --storm NAME [options]\n"
	"  --seconds S        how long to run (default 2)\n"
	"  --seed N           seed of the search and the jitter (default: from the clock)\n"
	"  --pin LIST         one hwloc location per actor: core:0.pu:0,core:1.pu:0\n"
	"  --placement NAME   all (default), smt, l2, l3, package, numa, none\n"
	"  --no-aim           actors released together, natural layout, nothing touched\n"
	"  --env TEXT         replay an environment; no search\n"
	"  --layout NAME      natural or spread; default: aim chooses\n"
	"  --children N       processes to measure in (default 20; under a sanitizer 4;\n"
	"                     a storm: by its seconds)\n"
	"  --descriptors N    how many a storm holds open\n"
	"  --until-hits N     end after so many hits\n"
	"  --until-ops N      end a storm after so many operations\n"
	"  --patience S       how long a child may be silent (default 20)\n"
	"  --json             one JSON object on stdout\n"
	"exit: 0 as expected, 1 unexpected verdict, 2 engine error, 64 usage, 77 skipped\n";

/* --- listing --- */

static void list_case(const struct test_case *t, const struct subject *s)
{
	json_object(stdout, NULL);
	json_count(stdout, "schema", 1);
	json_text(stdout, "kind", "list");
	json_text(stdout, "target", identity.target);
	json_text(stdout, "variant", identity.variant);
	json_text(stdout, "lane", identity.lane);
	json_text(stdout, "model", hardware_model_text());
	json_text(stdout, "case", t->name);
	json_text(stdout, "file", t->file);
	json_text(stdout, "purpose", t->purpose);
	json_array(stdout, "layouts");
	for (unsigned i = 0; i < s->layouts; i++)
		json_text(stdout, NULL, s->layout[i]->layout);
	json_end(stdout);
	json_array(stdout, "actors");
	for (unsigned a = 0; a < s->actors; a++)
		json_text(stdout, NULL, t->actor[a].name);
	json_end(stdout);
	json_array(stdout, "outcomes");
	static const char *const grade[] = { "ok", "near", "bad" };
	for (const struct outcome *o = t->outcomes; o->name; o++) {
		json_object(stdout, NULL);
		json_text(stdout, "name", o->name);
		json_text(stdout, "grade", grade[o->grade]);
		json_text(stdout, "failure", failure_text(o->failure));
		json_text(stdout, "meaning", o->meaning);
		json_end(stdout);
	}
	json_end(stdout);
	json_array(stdout, "expect");
	for (const struct expectation *e = t->expect; e && e->variant; e++) {
		json_object(stdout, NULL);
		json_text(stdout, "variant", e->variant);
		json_text(stdout, "failure", failure_text(e->failure));
		json_array(stdout, "models");
		for (unsigned m = 0; m < MODEL_COUNT; m++)
			if (e->models >> m & 1)
				json_text(stdout, NULL, model_text(m));
		json_end(stdout);
		json_end(stdout);
	}
	json_end(stdout);
	json_array(stdout, "expected_failures");
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (must_show(t, (enum failure)f))
			json_text(stdout, NULL, failure_text((enum failure)f));
	json_end(stdout);
	json_array(stdout, "allowed_failures");
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (may_show(t, (enum failure)f))
			json_text(stdout, NULL, failure_text((enum failure)f));
	json_end(stdout);
	json_end(stdout);
}

static int list(bool json)
{
	for (const struct test_case *const *p = __start_stormrig_cases;
	     p < __stop_stormrig_cases; p++) {
		struct subject s;
		if (strcmp((*p)->layout, "natural") != 0 || !subject_find((*p)->name, &s))
			continue;
		if (json)
			list_case(*p, &s);
		else
			printf("%-26s %s%s\n", (*p)->name, (*p)->purpose,
			       must_show_any(*p) ? "  [this variant must fail it here]" : "");
	}
	list_storms(json);
	return 0;
}

static int version(bool json)
{
	if (!json) {
		printf("storm %s/%s lane %s build %s (%s)\n", identity.target, identity.variant,
		       identity.lane, identity.build_id, identity.compiler);
		return 0;
	}
	json_object(stdout, NULL);
	json_count(stdout, "schema", 1);
	json_text(stdout, "kind", "version");
	json_text(stdout, "target", identity.target);
	json_text(stdout, "variant", identity.variant);
	json_text(stdout, "lane", identity.lane);
	json_text(stdout, "model", hardware_model_text());
	json_text(stdout, "build_id", identity.build_id);
	json_text(stdout, "compiler", identity.compiler);
	json_text(stdout, "flags", identity.flags);
	if (clock_frequency())
		json_count(stdout, "clock_hz", clock_frequency());
	else
		json_null(stdout, "clock_hz");
	json_end(stdout);
	return 0;
}

/* --- options --- */

static int bad_value(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "storm: --%s %s: wants %s\n", option, value, wanted);
	return EXIT_USAGE;
}

static bool parse_count(const char *text, uint64_t *n)
{
	char *end;
	*n = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0';
}

enum option_id {
	LIST = 256, VERSION, CASE_NAME, STORM_NAME, SECONDS, SEED, PIN, PLACEMENT, NO_AIM, ENV,
	LAYOUT_NAME, CHILDREN, DESCRIPTORS, UNTIL_HITS, UNTIL_OPS, PATIENCE, JSON, HELP
};

static const struct option options[] = {
	{ "list", no_argument, NULL, LIST },
	{ "version", no_argument, NULL, VERSION },
	{ "case", required_argument, NULL, CASE_NAME },
	{ "storm", required_argument, NULL, STORM_NAME },
	{ "descriptors", required_argument, NULL, DESCRIPTORS },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "seed", required_argument, NULL, SEED },
	{ "pin", required_argument, NULL, PIN },
	{ "placement", required_argument, NULL, PLACEMENT },
	{ "no-aim", no_argument, NULL, NO_AIM },
	{ "env", required_argument, NULL, ENV },
	{ "layout", required_argument, NULL, LAYOUT_NAME },
	{ "children", required_argument, NULL, CHILDREN },
	{ "until-hits", required_argument, NULL, UNTIL_HITS },
	{ "until-ops", required_argument, NULL, UNTIL_OPS },
	{ "patience", required_argument, NULL, PATIENCE },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

/* Takes one option with a number. Returns 0 or an exit code. */
static int take_number(struct options *o, int id, const char *text)
{
	uint64_t n;
	char *end;
	switch (id) {
	case SECONDS:
		o->seconds = strtod(text, &end);
		if (end == text || *end || !(o->seconds > 0 && o->seconds <= 1e7))
			return bad_value("seconds", text, "a number above 0");
		return 0;
	case PATIENCE:
		o->patience = strtod(text, &end);
		if (end == text || *end || !(o->patience > 0 && o->patience <= 1e6))
			return bad_value("patience", text, "a number above 0");
		return 0;
	case SEED:
		return parse_count(text, &o->seed) ? 0 : bad_value("seed", text, "a number");
	case CHILDREN:
		if (!parse_count(text, &n) || n < 1 || n > MAX_CHILDREN / 2)
			return bad_value("children", text, "1 to 256");
		o->children = (unsigned)n;
		return 0;
	case DESCRIPTORS:
		if (!parse_count(text, &n) || n < 1 || n > 1000000)
			return bad_value("descriptors", text, "1 to 1000000");
		o->descriptors = (unsigned)n;
		return 0;
	case UNTIL_HITS:
		return parse_count(text, &o->until_hits)
			       ? 0 : bad_value("until-hits", text, "a number");
	case UNTIL_OPS:
		return parse_count(text, &o->until_ops)
			       ? 0 : bad_value("until-ops", text, "a number");
	}
	return EXIT_USAGE;
}

/* Returns 0, an exit code, or -1 to list, -2 for the version, -3 for help. */
static int parse(int argc, char **argv, struct options *o)
{
	int id, code = 0, what = 0;
	opterr = 0;
	while ((id = getopt_long(argc, argv, ":", options, NULL)) != -1 && code == 0) {
		switch (id) {
		case LIST: what = -1; break;
		case VERSION: what = -2; break;
		case HELP: what = -3; break;
		case CASE_NAME: o->case_name = optarg; break;
		case STORM_NAME: o->storm_name = optarg; break;
		case PIN: o->pin = optarg; break;
		case PLACEMENT: o->placement = optarg; break;
		case NO_AIM: o->no_aim = true; break;
		case ENV: o->env = optarg; break;
		case LAYOUT_NAME: o->layout = optarg; break;
		case JSON: o->json = true; break;
		case '?': case ':':
			fprintf(stderr, "storm: %s: unknown, or lacks its value; --help tells"
				" more\n", argv[optind - 1]);
			return EXIT_USAGE;
		default: code = take_number(o, id, optarg);
		}
	}
	if (code != 0)
		return code;
	if (o->pin && o->placement) {
		fputs("storm: --pin and --placement say two things; give one\n", stderr);
		return EXIT_USAGE;
	}
	if (!o->placement)
		o->placement = "all";
	if (optind < argc) {
		fprintf(stderr, "storm: '%s' is not an option\n", argv[optind]);
		return EXIT_USAGE;
	}
	return what;
}

int main(int argc, char **argv)
{
	struct options o = { .program = argv[0], .seconds = 2,
			     .patience = 20,
			     .seed = (uint64_t)world_now() % 1000000007 };
	int code = parse(argc, argv, &o);
	if (code > 0)
		return code;
	if (code == -1)
		code = list(o.json);
	else if (code == -2)
		code = version(o.json);
	else if (code == -3)
		fputs(usage, stdout), code = 0;
	else if (o.storm_name && !o.case_name)
		return run_storm(&o);
	else if (o.case_name && !o.storm_name) {
		if (o.children == 0)
			o.children = SANITIZED ? 4 : 20;
		return run_case(&o);
	} else {
		fputs("storm: say --case NAME, --storm NAME or --list; --help tells more\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("storm: cannot write to stdout\n", stderr);
		return EXIT_ENGINE;
	}
	return code;
}
