/* Of an exhaustive search work is given away when somebody has none: the
 * decisions nearest to the root that have options left. The processes are
 * forked from one that has opened the case; between them lie pieces, counts and
 * results in shared memory.
 */
#include "share.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/order.h"
#include "build.h"
#include "memory/model.h"
#include "search/piece.h"
#include "search/search.h"

enum { PIECES = 4 * MAX_JOBS };

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned jobs;
	word32 hungry, ready; /* written under the lock */
	word64 executions;    /* begun by all, where they are limited */
	word64 first_hit;     /* of a random search: its number, the least so far */
	word32 stop;          /* everybody puts back what is left, and ends */
	struct result result[MAX_JOBS];
	struct piece piece[PIECES];
};

static struct pool *pool;

/* relaxed, in all of these: the lock orders what matters, else it is a hint */
static unsigned now(word32 *w)
{
	return load_relaxed(w); /* relaxed: as above */
}

static void put(word32 *w, unsigned value)
{
	store_relaxed(w, value); /* relaxed: as above */
}

static void pool_open(unsigned jobs)
{
	pthread_mutexattr_t shared_lock;
	pthread_condattr_t shared_cond;
	pool = mmap(NULL, sizeof *pool, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool == MAP_FAILED)
		engine_error("no memory to share between processes");
	pool->jobs = jobs;
	word_init(&pool->first_hit, UINT64_MAX);
	pthread_mutexattr_init(&shared_lock);
	pthread_mutexattr_setpshared(&shared_lock, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&pool->lock, &shared_lock);
	pthread_condattr_init(&shared_cond);
	pthread_condattr_setpshared(&shared_cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&pool->more, &shared_cond);
}

static void stop_all(void)
{
	pthread_mutex_lock(&pool->lock);
	put(&pool->stop, 1);
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
}

/* --- a worker --- */

/* Takes a piece, waiting for one. Returns false when there will be none. */
static bool take_piece(void)
{
	pthread_mutex_lock(&pool->lock);
	put(&pool->hungry, now(&pool->hungry) + 1);
	if (now(&pool->hungry) == pool->jobs && now(&pool->ready) == 0)
		pthread_cond_broadcast(&pool->more);
	while (now(&pool->ready) == 0 && now(&pool->hungry) < pool->jobs && !now(&pool->stop))
		pthread_cond_wait(&pool->more, &pool->lock);
	bool any = now(&pool->ready) > 0 && !now(&pool->stop);
	if (any) {
		put(&pool->hungry, now(&pool->hungry) - 1);
		put(&pool->ready, now(&pool->ready) - 1);
		dfs_take(&pool->piece[now(&pool->ready)]);
	}
	pthread_mutex_unlock(&pool->lock);
	return any;
}

/* Before each execution: feeds the hungry. Returns whether to go on. */
static bool go_on(const struct request *q, uint64_t n)
{
	(void)n;
	/* relaxed: only a count */
	if (q->executions && fetch_add_relaxed(&pool->executions, 1) >= q->executions)
		stop_all();
	if (now(&pool->stop))
		return false;
	if (now(&pool->hungry) <= now(&pool->ready))
		return true;
	pthread_mutex_lock(&pool->lock);
	unsigned ready = now(&pool->ready);
	if (ready < PIECES - MAX_JOBS && dfs_give(&pool->piece[ready])) {
		put(&pool->ready, ready + 1);
		pthread_cond_signal(&pool->more);
	}
	pthread_mutex_unlock(&pool->lock);
	return true;
}

/* The same for a random search: what comes after a hit is nobody's business. */
static bool may_be_first(const struct request *q, uint64_t n)
{
	(void)q;
	return !now(&pool->stop) && n < load_relaxed(&pool->first_hit); /* relaxed: as above */
}

static void work_at_random(const struct request *q, unsigned number, struct result *r)
{
	explore_samples(q, number, r, may_be_first);
	if (!r->found)
		return;
	/* From this process's count to the number of all. */
	r->first_hit_execution = (r->first_hit_execution - 1) * q->jobs + number + 1;
	pthread_mutex_lock(&pool->lock);
	/* relaxed, twice: under the lock */
	if (explore_ends(q, r) && r->first_hit_execution <= load_relaxed(&pool->first_hit))
		store_relaxed(&pool->first_hit, r->first_hit_execution - 1); /* as above */
	pthread_mutex_unlock(&pool->lock);
}

static void work(const struct request *q, unsigned number, struct result *r)
{
	/* Who asked for the search ends it; without a file by ending itself. */
	if (q->resume) {
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
	}
	runner_watch();
	if (q->search < DFS) {
		work_at_random(q, number, r);
		return;
	}
	while (take_piece()) {
		if (explore_piece(q, r, go_on))
			continue;
		stop_all();
		pthread_mutex_lock(&pool->lock);
		dfs_rest(&pool->piece[now(&pool->ready)]);
		put(&pool->ready, now(&pool->ready) + 1);
		pthread_mutex_unlock(&pool->lock);
	}
	r->cut += dfs_excluded();
}

/* --- the file: one line of what is searched, one of counts, one of a finding's
 * choices or "-", then pieces --- */

static void headline(const struct request *q, char *text, size_t size)
{
	snprintf(text, size, "stormrig-search 3 %s/%s %s %s %s %s %jd %jd %d", build.target,
		 build.variant, q->test->name, q->model->name, build.code,
		 search_names[q->search], (intmax_t)q->preemptions, (intmax_t)q->stale,
		 q->sleep_sets);
}

static void write_result(FILE *to, const struct result *r)
{
	fprintf(to, "%ju %ju %ju %ju %g", (uintmax_t)r->executions, (uintmax_t)r->pruned,
		(uintmax_t)r->cut, (uintmax_t)r->steps, r->elapsed);
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		fprintf(to, " %ju", (uintmax_t)r->hits[i]);
	for (unsigned i = 0; i < MAX_OUTCOMES; i++)
		fprintf(to, " %ju", (uintmax_t)r->outcomes[i]);
	for (unsigned i = 0; i < MAX_OUTCOMES; i++)
		fprintf(to, " %ju", (uintmax_t)r->told[i]);
	fprintf(to, "\n%d %ju %g %u", r->found, (uintmax_t)r->first_hit_execution, r->first_hit_s,
		r->finding.choices);
	for (unsigned i = 0; i < r->finding.choices; i++)
		fprintf(to, " %u", r->finding.choice[i]);
	fputc('\n', to);
}

static bool read_counts(FILE *from, uint64_t *to, unsigned n)
{
	for (uintmax_t value; n > 0; n--, *to++ = value)
		if (fscanf(from, "%ju", &value) != 1)
			return false;
	return true;
}

/* The finding is run again, for its outcome. */
static bool read_result(FILE *from, struct result *r)
{
	static uint8_t choice[MAX_CHOICES];
	uint64_t counts[4], first;
	unsigned n, value;
	int found;
	if (!read_counts(from, counts, 4) || fscanf(from, "%lf", &r->elapsed) != 1 ||
	    !read_counts(from, r->hits, FAILURE_COUNT) ||
	    !read_counts(from, r->outcomes, MAX_OUTCOMES) ||
	    !read_counts(from, r->told, MAX_OUTCOMES) || fscanf(from, "%d", &found) != 1 ||
	    !read_counts(from, &first, 1) || fscanf(from, "%lf %u", &r->first_hit_s, &n) != 2 ||
	    n > MAX_CHOICES)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (fscanf(from, "%u", &value) != 1)
			return false;
		choice[i] = value;
	}
	r->executions = counts[0];
	r->pruned = counts[1];
	r->cut = counts[2];
	r->steps = counts[3];
	r->found = found;
	r->first_hit_execution = first;
	if (found)
		explore_replay(choice, n, &r->finding);
	return true;
}

static _Noreturn void bad_file(const char *path, const char *why)
{
	fprintf(stderr, "explore: --resume %s: %s\n", path, why);
	exit(64);
}

/* Opens the file that will take the place of q->resume. */
static FILE *fresh_file(const struct request *q, char *path, size_t size)
{
	snprintf(path, size, "%s.new", q->resume);
	FILE *f = fopen(path, "w");
	if (!f)
		bad_file(path, strerror(errno));
	return f;
}

/* What was left of an earlier run, and its results; the whole search if there
 * is no such file. */
static void load(const struct request *q, struct result *r)
{
	char wanted[600], line[600], fresh[4096];
	put(&pool->ready, 1);
	if (!q->resume)
		return;
	fclose(fresh_file(q, fresh, sizeof fresh));
	unlink(fresh);
	FILE *f = fopen(q->resume, "r");
	if (!f && errno != ENOENT)
		bad_file(q->resume, strerror(errno));
	if (!f)
		return;
	headline(q, wanted, sizeof wanted);
	if (!fgets(line, sizeof line, f) || strcspn(line, "\n") != strlen(wanted) ||
	    strncmp(line, wanted, strlen(wanted)) != 0)
		bad_file(q->resume, "is of another search, or of other code; remove it to begin");
	if (!read_result(f, r))
		bad_file(q->resume, "is damaged; remove it to begin");
	unsigned n = 0;
	while (n < PIECES && piece_read(f, &pool->piece[n]))
		n++;
	put(&pool->ready, n);
	if (n == 0 || fscanf(f, "%3s", line) != 1 || strcmp(line, "end") != 0)
		bad_file(q->resume, "is damaged; remove it to begin");
	fclose(f);
}

/* Whole or not at all. */
static void save(const struct request *q, const struct result *r)
{
	char fresh[4096], line[600];
	FILE *f = fresh_file(q, fresh, sizeof fresh);
	headline(q, line, sizeof line);
	fprintf(f, "%s\n", line);
	write_result(f, r);
	for (unsigned i = 0; i < now(&pool->ready); i++)
		piece_write(f, &pool->piece[i]);
	fputs("end\n", f);
	if (fflush(f) || fsync(fileno(f)) || fclose(f) || rename(fresh, q->resume))
		engine_error("--resume %s: %s", q->resume, strerror(errno));
	fprintf(stderr, "explore: not at its end; the same command goes on from %s\n", q->resume);
}

/* --- all together --- */

/* The finding of an expected class if there is one, and of these the first: in
 * a random search by its number, else the one whose choices come first, whoever
 * found it. */
static bool preferred(const struct request *q, const struct result *of_a,
		      const struct result *of_b, uint32_t wanted)
{
	const struct finding *a = &of_a->finding, *b = &of_b->finding;
	bool good = wanted >> a->run.failure & 1, other = wanted >> b->run.failure & 1;
	if (good != other)
		return good;
	if (q->search < DFS)
		return of_a->first_hit_execution < of_b->first_hit_execution;
	unsigned n = a->choices < b->choices ? a->choices : b->choices;
	int order = memcmp(a->choice, b->choice, n);
	return order ? order < 0 : a->choices < b->choices;
}

static void merge(const struct request *q, struct result *r, const struct result *part)
{
	uint32_t wanted = expected_classes(q->test, build.variant, q->model_bit);
	r->executions += part->executions;
	r->pruned += part->pruned;
	r->cut += part->cut;
	r->steps += part->steps;
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		r->hits[i] += part->hits[i];
	for (unsigned i = 0; i < MAX_OUTCOMES; i++) {
		r->outcomes[i] += part->outcomes[i];
		r->told[i] += part->told[i];
	}
	if (part->executions > r->largest_share)
		r->largest_share = part->executions;
	if (!part->found || (r->found && !preferred(q, part, r, wanted)))
		return;
	r->found = true;
	r->first_hit_execution = part->first_hit_execution;
	r->first_hit_s = part->first_hit_s;
	r->finding = part->finding;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
	put(&pool->stop, 1);
}

/* Until all have ended. One that ends badly ends all, perhaps in the middle of
 * what they share. */
static void wait_for_all(const pid_t *worker, unsigned jobs)
{
	for (unsigned left = jobs; left > 0;) {
		int status;
		pid_t ended = wait(&status);
		if (ended < 0 && errno != EINTR)
			engine_error("wait: %s", strerror(errno));
		if (ended > 0 && status != 0) {
			for (unsigned i = 0; i < jobs; i++)
				if (worker[i] != ended)
					kill(worker[i], SIGKILL);
			exit(2);
		}
		if (interrupted)
			stop_all();
		left -= ended > 0;
	}
}

void share(const struct request *q, struct result *r)
{
	const struct search *in_force = search;
	pid_t parent = getpid();
	pool_open(q->jobs);
	load(q, r);
	search = in_force; /* a finding was replayed, perhaps */
	struct sigaction act = { .sa_handler = on_interrupt };
	if (q->resume) {
		sigaction(SIGINT, &act, NULL);
		sigaction(SIGTERM, &act, NULL);
	}
	fflush(NULL);
	pid_t worker[MAX_JOBS];
	for (unsigned i = 0; i < q->jobs; i++) {
		worker[i] = fork();
		if (worker[i] < 0)
			engine_error("fork: %s", strerror(errno));
		if (worker[i] == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
				_exit(2);
			work(q, i, &pool->result[i]);
			_exit(0);
		}
	}
	wait_for_all(worker, q->jobs);
	for (unsigned i = 0; i < q->jobs; i++)
		merge(q, r, &pool->result[i]);
	r->ended = q->search >= DFS && now(&pool->ready) == 0;
	if (q->resume && !r->ended)
		save(q, r);
	else if (q->resume)
		unlink(q->resume);
	r->interrupted = interrupted;
}
