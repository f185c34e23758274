/* Churn: thousands of sockets and pipes come and go under readers and writers,
 * while deadlines pass, peers reset and readiness comes, through a backend and
 * the kernel.
 *
 * Most goroutines wait: on a descriptor picked at random they
 * read or write, and so park until somebody disturbs them; in between they
 * disturb others, as a few do all the time. Whoever disturbs looks first where
 * somebody is about to wait: that is where wakeups are lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storms/process.h"
#include "storms/poller/churn.h"
#include "stress/world.h"

enum { MS = 1000000 };

/* How often the auditor looks for waiters passed by, at everything, and notes
 * figures. */
#define LOOK_NS (2 * (int64_t)MS)
#define AUDIT_NS (50 * (int64_t)MS)
#define SAMPLE_NS (1000 * (int64_t)MS)

struct churn churn;

/* --- figures --- */

static uint32_t held(void)
{
	mutex_lock(&churn.poller->lock);
	uint32_t n = churn.poller->in_use;
	mutex_unlock(&churn.poller->lock);
	return n;
}

/* What earlier slices have counted. */
static struct storm_counts before;
static uint64_t events_before;

/* Adds up what the goroutines have done. Returns whether anything has moved. */
static bool add_up(void)
{
	struct storm_counts *c = churn.order->counts;
	uint64_t ops = 0, had = 0;
	uint32_t parked = 0;
	c->commits = before.commits;
	c->aborts = before.aborts;
	for (unsigned op = 0; op < OPS; op++) {
		had += c->op[op];
		c->op[op] = before.op[op];
	}
	for (unsigned i = 0; i < churn.nworkers; i++) {
		struct worker *w = &churn.workers[i];
		for (unsigned op = 0; op < OPS; op++)
			c->op[op] += load_relaxed(&w->op[op]); /* relaxed: figures */
		/* relaxed: figures */
		c->commits += load_relaxed(&w->commits);
		c->aborts += load_relaxed(&w->aborts);
		/* relaxed: as above */
		parked += load_relaxed(&w->mode) != 0 && load_relaxed(&w->park) % 3 == 2;
	}
	for (unsigned op = 0; op < OPS; op++)
		ops += c->op[op];
	/* relaxed: figures */
	c->events = before.events + load_relaxed(&world_events) - events_before;
	c->failed_opens = before.failed_opens + load_relaxed(&churn.failed_opens);
	c->in_vain = before.in_vain + load_relaxed(&churn.poller->in_vain);
	if (parked > c->parked_most)
		c->parked_most = parked;
	return ops != had;
}

static void take_sample(void)
{
	struct storm_sample s = { .open = held(), .files = open_files(),
				  .rss_kib = resident_kib() };
	add_up();
	if (s.open > churn.order->counts->open_most)
		churn.order->counts->open_most = s.open;
	churn.order->sample(&s);
}

/* --- setting up --- */

static void open_listeners(void)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct listener *l = &churn.listener[i];
		l->address = INADDR_LOOPBACK + i;
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(l->address) };
		socklen_t size = sizeof a;
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
		    listen(fd, 8) != 0 || getsockname(fd, (struct sockaddr *)&a, &size) != 0 ||
		    fd_open(&l->f, churn.poller, fd) != 0)
			churn.order->give_up("cannot listen on loopback");
		l->port = ntohs(a.sin_port);
		word_init(&l->busy, 0);
	}
}

static void make_spots(void)
{
	churn.nspots = churn.order->descriptors;
	churn.spots = world_map(churn.nspots * sizeof *churn.spots);
	mutex_init(&churn.empty_lock);
	for (unsigned i = 0; i < churn.nspots; i++) {
		struct spot *s = &churn.spots[i];
		word_init(&s->gate, 1);
		word_init(&s->claims, 0);
		word_init(&s->counted, 0);
		s->peer = -1;
		spot_put_empty(s);
	}
}

static void make_workers(void)
{
	long disturbers = 2 * sysconf(_SC_NPROCESSORS_ONLN);
	churn.nworkers = WAITERS + (disturbers < 4 ? 4 : disturbers > 64 ? 64 : disturbers);
	churn.workers = world_map(churn.nworkers * sizeof *churn.workers);
	word_init(&churn.running, churn.nworkers);
	for (unsigned i = 0; i < churn.nworkers; i++) {
		struct worker *w = &churn.workers[i];
		w->id = i;
		w->waits = i < WAITERS;
		w->rng = churn.order->seed * 1000003 + i + 1;
		for (int n = 0; n < 8; n++)
			rng_next(&w->rng);
	}
}

/* --- the storm --- */

static struct audit_found total;
static void (*last_words_of_runner)(const char *message);

/* Reports associations that the backend has since made for somebody else. */
static void look_for_stale(void)
{
	static mutex lock; /* guards reported: anybody may have last words */
	static uint64_t reported;
	if (!churn.order->backend->stale)
		return;
	mutex_lock(&lock);
	uint64_t n = churn.order->backend->stale(churn.poller);
	if (n != reported)
		churn.order->found(STALE_ARM, "associated with a number that is somebody else's",
				   n - reported);
	reported = n;
	mutex_unlock(&lock);
}

/* What made the target throw may be a stale association. */
static void last_words(const char *message)
{
	look_for_stale();
	last_words_of_runner(message);
}

static void add(struct audit_found found)
{
	total.lost += found.lost;
	total.stuck += found.stuck;
	total.unseen += found.unseen;
}

static bool enough(void)
{
	const struct storm_order *order = churn.order;
	uint64_t ops = 0;
	for (unsigned op = 0; op < OPS; op++)
		ops += order->counts->op[op];
	return order->until_ops && ops >= order->until_ops;
}

/* Whether waiters are rescued again and again, and in vain, though all is being
 * closed. */
static bool hopeless(struct audit_found found, bool rising)
{
	enum { AUDITS = 20 };
	static unsigned in_vain;
	in_vain = rising || found.lost == 0 ? 0 : in_vain + 1;
	return in_vain == AUDITS;
}

/* Audits until every goroutine has ended. Returns false if nobody is left who
 * could free those that have not. */
static bool audit_until(int64_t end)
{
	int64_t audit = world_now() + AUDIT_NS, sample = world_now() + SAMPLE_NS;
	bool rising = true;
	/* pairs with: worker_main()'s last addition */
	while (load_acquire(&churn.running) != 0 && total.stuck == 0) {
		static word32 never;
		world_futex_wait(&never, 0, LOOK_NS);
		int64_t now = world_now();
		look_for_stale();
		/* relaxed: nothing comes with it */
		if (rising && (now >= end || load_relaxed(churn.order->stop) || enough())) {
			rising = false;
			/* pairs with: worker_main() */
			store_release(&churn.stop, 1);
		}
		add(audit_passed_by());
		if (add_up())
			churn.order->alive();
		if (now >= audit) {
			struct audit_found found = audit_all();
			add(found);
			if (hopeless(found, rising))
				break;
			audit = world_now() + AUDIT_NS;
		}
		if (now >= sample) {
			sample += SAMPLE_NS;
			take_sample();
		}
	}
	add_up();
	/* pairs with: as above */
	return load_acquire(&churn.running) == 0;
}

/* All that was opened must have been closed, and be known to be. */
static void look_for_leaks(uint32_t files)
{
	char what[96];
	uint32_t in_use = held();
	look_for_stale();
	churn.ground->stop(in_use == 0); /* stopping a poller in use is fatal */
	if (in_use != 0) {
		snprintf(what, sizeof what, "%u descriptors still in use", in_use);
		churn.order->found(DESC_LEAK, what, in_use);
		return;
	}
	/* relaxed: nobody is left */
	int waiters = (int)load_relaxed(&churn.poller->waiters);
	int left = (int)open_files() - (int)files;
	if (left != 0) {
		snprintf(what, sizeof what, "%d open files more than at the start", left);
		churn.order->found(DESC_LEAK, what, (uint64_t)(left < 0 ? -left : left));
	}
	if (waiters != 0 && total.unseen == 0) {
		snprintf(what, sizeof what, "%d counted as waiting, and nobody waits", waiters);
		churn.order->found(DESC_LEAK, what, 1);
	}
}

static void finish(uint32_t files)
{
	for (unsigned i = 0; i < LISTENERS; i++)
		fd_close(&churn.listener[i].f); /* idle: nobody to wait for */
	for (unsigned i = 0; i < churn.nspots; i++)
		if (churn.spots[i].peer >= 0)
			world_close(churn.spots[i].peer);
	look_for_leaks(files);
	world_unmap(churn.workers, churn.nworkers * sizeof *churn.workers);
	world_unmap(churn.spots, churn.nspots * sizeof *churn.spots);
}

void churn_run(const struct storm_order *order, const struct churn_ground *ground)
{
	signal(SIGPIPE, SIG_IGN);
	memset(&churn, 0, sizeof churn);
	memset(&total, 0, sizeof total);
	churn.order = order;
	churn.ground = ground;
	before = *order->counts;
	/* relaxed: alone */
	events_before = load_relaxed(&world_events);
	uint32_t files = open_files();
	make_spots();
	make_workers();
	if (ground->start(order->backend) != 0)
		order->give_up("cannot start the poller");
	open_listeners();
	last_words_of_runner = world_last_words;
	world_last_words = last_words;
	if (ground->start_workers() != 0)
		order->give_up("cannot start a thread: raise the limit on processes");
	if (audit_until(order->end))
		finish(files);
	world_last_words = last_words_of_runner;
}
