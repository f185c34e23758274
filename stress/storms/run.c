#define _GNU_SOURCE
#include "storms/run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/lock.h"
#include "stress/world.h"

enum { MOST_BROKEN_SLICES = 20, MOST_SLICES = 20, FEWEST_SLICE_S = 4, RELATED_SEATS = 2 };

static struct storm_shared *shared; /* of this process: one run, or one slice of it */

/* --- what this run proves --- */

static bool promised(const struct expectation *e, enum failure f, size_t name)
{
	return strncmp(e->variant, identity.variant, name) == 0 && e->variant[name] == '\0' &&
	       e->failure == f;
}

bool storm_must(const struct storm *s, enum failure f)
{
	for (const struct expectation *e = s->must; e && e->variant; e++)
		if (promised(e, f, strlen(identity.variant)) && lane_shows(e))
			return true;
	return false;
}

bool storm_may(const struct storm *s, enum failure f)
{
	const struct expectation *lists[] = { s->must, s->may };
	/* BUG_X+plain may fail like BUG_X. */
	size_t name = strcspn(identity.variant, "+");
	for (unsigned i = 0; i < 2; i++)
		for (const struct expectation *e = lists[i]; e && e->variant; e++)
			if (promised(e, f, name) && e->models & hardware_model())
				return true;
	return storm_must(s, f);
}

uint64_t storm_ops(const struct storm_counts *c)
{
	uint64_t n = 0;
	for (int i = 0; i < STORM_OPS; i++)
		n += c->op[i];
	return n;
}

struct verdict storm_verdict(const struct storm *s, const struct storm_shared *run)
{
	const uint64_t *failures = run->result->failures;
	uint64_t hits = 0, due = 0, allowed = 0;
	bool must = false, may = false;
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++) {
		hits += failures[f];
		must |= storm_must(s, (enum failure)f);
		may |= storm_may(s, (enum failure)f);
		if (storm_must(s, (enum failure)f))
			due += failures[f];
		if (storm_may(s, (enum failure)f))
			allowed += failures[f];
	}
	if (failures[ENGINE_ERROR])
		return (struct verdict){ "ENGINE_ERROR", 0, EXIT_ENGINE };
	/* Of descriptors nothing is shown unless somebody waited for one. */
	bool idle = s->descriptors ? run->counts.commits == 0 : storm_ops(&run->counts) == 0;
	if (hits == 0 && !must && idle)
		return (struct verdict){ "INCONCLUSIVE", -1, EXIT_EXPECTED };
	if (strncmp(identity.variant, "BUG_", 4) != 0)
		return hits ? (struct verdict){ "REFUTED", 0, EXIT_UNEXPECTED }
			    : (struct verdict){ "CLEAN", 1, EXIT_EXPECTED };
	if (hits > allowed)
		return must || may ? (struct verdict){ "WRONG_CLASS", 0, EXIT_UNEXPECTED }
				   : (struct verdict){ "UNEXPECTED_HIT", 0, EXIT_UNEXPECTED };
	if (must)
		return due ? (struct verdict){ "CAUGHT", 1, EXIT_EXPECTED }
			   : (struct verdict){ "NOT_CAUGHT", 0, EXIT_UNEXPECTED };
	return hits ? (struct verdict){ "CAUGHT", 1, EXIT_EXPECTED }
		    : (struct verdict){ "QUIET_AS_EXPECTED", 1, EXIT_EXPECTED };
}

/* --- what a slice may call --- */

static mutex found_lock; /* guards the result's findings, within the slice */

static bool is_new(const struct result *r, enum failure f, const char *what)
{
	for (uint32_t i = 0; i < r->findings; i++)
		if (r->finding[i].failure == f && strcmp(r->finding[i].outcome, what) == 0)
			return false;
	return true;
}

static void found(enum failure f, const char *what, uint64_t n)
{
	struct result *r = shared->result;
	mutex_lock(&found_lock);
	if (is_new(r, f, what))
		result_add_failure(r, f, what);
	else
		r->failures[f]++;
	r->failures[f] += n - 1;
	r->all.hits += n;
	if (r->first_hit < 0)
		r->first_hit = world_now() - r->started;
	if (shared->counts_as_hit[f])
		shared->counted += n;
	if (shared->until_hits && shared->counted >= shared->until_hits)
		/* relaxed: here and below, nothing comes with it */
		store_relaxed(&shared->stop, 1);
	mutex_unlock(&found_lock);
}

/* A class that is only allowed does not end a storm while one that it must show
 * is still to come. */
static void count_towards_the_end(const struct storm *s, uint64_t until_hits)
{
	bool must = false;
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		must |= storm_must(s, (enum failure)f);
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		shared->counts_as_hit[f] = !must || storm_must(s, (enum failure)f);
	shared->until_hits = until_hits;
}

static void last_words(const char *message)
{
	found(FATAL, message, 1);
	world_leave();
}

static void give_up(const char *why)
{
	snprintf(shared->result->error, sizeof shared->result->error, "%s", why);
	world_leave();
}

static void alive(void)
{
	/* relaxed: only watched for change */
	fetch_add_relaxed(&shared->result->heartbeat, 1);
}

static void sit(unsigned thread)
{
	static mutex lock; /* guards the seats, which threads share */
	char why[PIN_WHY];
	struct pin_plan *pins = &shared->result->pins;
	mutex_lock(&lock);
	enum pin_result done = pin_apply(pins, thread % pins->actors, why);
	mutex_unlock(&lock);
	if (done != PIN_OK)
		give_up(why);
}

/* Halves the samples where their place is full. */
static void thin(void)
{
	if (shared->samples < STORM_SAMPLES)
		return;
	for (uint32_t i = 0; i < STORM_SAMPLES / 2; i++)
		shared->sample[i] = shared->sample[2 * i + 1];
	shared->samples = STORM_SAMPLES / 2;
	shared->stride *= 2;
}

static void sample(const struct storm_sample *s)
{
	const struct result *r = shared->result;
	if (++shared->skipped < shared->stride)
		return;
	shared->skipped = 0;
	thin();
	struct storm_sample *to = &shared->sample[shared->samples++];
	*to = *s;
	to->ns = world_now() - r->started;
	to->ops = storm_ops(&shared->counts);
	to->commits = shared->counts.commits;
	to->events = shared->counts.events;
	to->lost = r->failures[LOST_WAKEUP] + r->failures[LOST_EVENT] + r->failures[LOST_ERROR];
	to->stuck = r->failures[DEADLOCK];
	to->slice = shared->slice;
}

/* --- slices --- */

struct slice {
	struct child_plan plan; /* first: the child gets it back */
	const struct storm *storm;
	unsigned descriptors;
	uint64_t until_ops;
};

/* Has the place for samples in memory, so that taking them does not look like a
 * leak. */
static void touch_samples(void)
{
	const volatile char *byte = (const volatile char *)shared;
	for (size_t i = 0; i < sizeof *shared; i += 4096)
		(void)byte[i];
}

static void work(const struct child_plan *plan, struct result *r)
{
	const struct slice *slice = (const struct slice *)plan;
	struct storm_order order = {
		.backend = slice->storm->backend,
		.descriptors = slice->descriptors, .seed = plan->seed,
		.end = world_now() + plan->ns, .until_ops = slice->until_ops, .stop = &shared->stop,
		.counts = &shared->counts, .sit = sit, .found = found, .sample = sample,
		.alive = alive, .give_up = give_up,
	};
	world_last_words = last_words;
	touch_samples();
	if (r->started == 0)
		r->started = world_now();
	slice->storm->run(&order);
}

static void stop_on_signal(int signal)
{
	child_stop = signal;
	store_relaxed(&shared->stop, 1); /* relaxed: as above */
}

static void status_line(const struct options *o, int64_t end)
{
	static int64_t last;
	int64_t now = world_now();
	if (!isatty(STDERR_FILENO) || now - last < 1000000000)
		return;
	last = now;
	fprintf(stderr, "\r%s: slice %u, %.2f M operations, %llu hits, %.0f s left   ",
		o->storm_name, shared->slice, storm_ops(&shared->counts) / 1e6,
		(unsigned long long)shared->result->all.hits, (end - now) / 1e9);
}

static void run_slices(const struct options *o, const struct storm *s, unsigned descriptors)
{
	struct result *r = shared->result;
	int64_t start = world_now(), end = start + (int64_t)(o->seconds * 1e9), now;
	unsigned most = (unsigned)(o->seconds / FEWEST_SLICE_S);
	unsigned slices = o->children ? o->children
			  : most < 1 ? 1 : most > MOST_SLICES ? MOST_SLICES : most;
	int64_t each = (end - start) / slices;
	/* relaxed: as above */
	for (unsigned broken = 0;
	     broken < MOST_BROKEN_SLICES && !load_relaxed(&shared->stop) && !r->error[0];) {
		now = world_now();
		/* What is left after the last whole slice is not worth
		 * another. */
		if (now >= end - each / 4 && shared->slice > 0)
			break;
		struct slice slice = {
			.plan = { .work = work, .phase = PHASE_AIM,
				  .ns = end - now < each ? end - now : each,
				  .patience = (int64_t)(o->patience * 1e9),
				  .seed = o->seed * 1000003 + shared->slice },
			.storm = s, .descriptors = descriptors, .until_ops = o->until_ops,
		};
		broken += !child_run(&slice.plan, r);
		shared->slice++;
		shared->ns = world_now() - start;
		status_line(o, end);
		if (o->until_ops && storm_ops(&shared->counts) >= o->until_ops)
			break;
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* --- setting up --- */

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

static const struct storm *find(const char *name)
{
	for (const struct storm *const *p = __start_stormrig_storms; p < __stop_stormrig_storms;
	     p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

/* Raises the limit on open files to the hard one. Returns 0, or an exit code if
 * that is too low. */
static int allow_files(const struct storm *s, unsigned descriptors)
{
	struct rlimit limit;
	unsigned long long wanted = (unsigned long long)descriptors * s->files_each + s->files_more;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return refuse(EXIT_ENGINE, "cannot read the limit on open files");
	if (limit.rlim_max < wanted)
		return refuse(EXIT_SKIPPED,
			      "skipped: %u descriptors need %llu open files, the limit is %llu;"
			      " raise it (ulimit -Hn) or ask for fewer (--descriptors)",
			      descriptors, wanted, (unsigned long long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return refuse(EXIT_ENGINE, "cannot raise the limit on open files");
	return 0;
}

/* Seats for threads to take in turns: one per processor for `all` and `none`,
 * two that are so related otherwise. Returns 0 or an exit code. */
static int plan_pins(const struct options *o, struct pin_plan *pins)
{
	char why[PIN_WHY];
	if (pin_topology_load(NULL, why) != PIN_OK)
		return refuse(EXIT_ENGINE, "%s", why);
	bool every = strcmp(o->placement, "all") == 0 || strcmp(o->placement, "none") == 0;
	unsigned seats = every ? (unsigned)CPU_COUNT(pin_allowed()) : RELATED_SEATS;
	for (const char *c = o->pin; c; c = strchr(c + 1, ','))
		seats = c == o->pin ? 1 : seats + 1;
	if (seats > PIN_SEATS)
		seats = PIN_SEATS;
	enum pin_result pinned = o->pin ? pin_by_list(pins, o->pin, seats)
					: pin_by_placement(pins, o->placement, seats, 0);
	if (pinned == PIN_ABSENT)
		return refuse(EXIT_SKIPPED, "skipped: %s", pins->why);
	return pinned == PIN_OK ? 0 : refuse(EXIT_USAGE, "%s", pins->why);
}

int run_storm(const struct options *o)
{
	const struct storm *s = find(o->storm_name);
	if (!s)
		return refuse(EXIT_USAGE, "no storm '%s' in %s; --list names them", o->storm_name,
			      identity.target);
	unsigned descriptors = o->descriptors ? o->descriptors : s->descriptors;
	if (descriptors < s->fewest)
		return refuse(EXIT_USAGE, "--descriptors %u: %s wants %u at least", descriptors,
			      s->name, s->fewest);
	int code = allow_files(s, descriptors);
	if (code != 0)
		return code;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return refuse(EXIT_ENGINE, "out of memory");
	shared->stride = 1;
	count_towards_the_end(s, o->until_hits);
	shared->result = result_new();
	code = plan_pins(o, &shared->result->pins);
	if (code != 0)
		return code;
	signal(SIGINT, stop_on_signal);
	signal(SIGTERM, stop_on_signal);
	run_slices(o, s, descriptors);
	storm_report(o, s, shared);
	if (shared->result->error[0])
		return refuse(EXIT_ENGINE, "%s", shared->result->error);
	if (ferror(stdout) || fflush(stdout) != 0)
		return refuse(EXIT_ENGINE, "cannot write the result: %s", strerror(errno));
	return child_stop ? 128 + child_stop : (int)storm_verdict(s, shared).code;
}
