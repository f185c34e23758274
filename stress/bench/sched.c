/* What the fixed scheduler costs, on two processors (one where that says so).
 * One JSON object; stress/bench/sched_go.go prints the same of Go:
 *
 *   {"yield_ns":57.5,"handoff_ns":180.4,"pair_1_per_s":210000,...}
 *
 * Arguments name the figures to measure; without any, all are.
 *
 * Messages of a byte are read into buffers of ROOM, as programs do that do not
 * know what comes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "engine/emit.h"
#include "poller/fd.h"
#include "sched/g.h"
#include "storms/process.h"

enum {
	TRIES = 5, SWITCHES = 200000, PROCS = 2, PAIRS = 100, ROOM = 64,
	PARKED = 30000, MORE = 100000, AT_ONCE = 100,
	MAPPINGS_EACH = 2, MAPPINGS_MORE = 1000 /* and besides */
};
#define MEASURED_NS INT64_C(300000000)

static double figure;   /* of the last run */
static word32 stop;     /* 1: goroutines end */
static word64 counted;

/* The best of a few runs. */
static double best(unsigned procs, void (*fn)(void *), void *arg, bool most)
{
	double found = 0;
	for (int i = 0; i < TRIES; i++) {
		struct sched_config c = { .procs = procs };
		word_init(&stop, 0);
		word_init(&counted, 0);
		if (sched_run(&c, fn, arg, NULL) != 0)
			exit(2);
		if (i == 0 || (most ? figure > found : figure < found))
			found = figure;
	}
	return found;
}

/* --- switches --- */

static void yields(void *arg)
{
	(void)arg;
	int64_t start = world_now();
	for (int i = 0; i < SWITCHES; i++)
		go_yield();
	figure = (double)(world_now() - start) / SWITCHES;
}

/* A place for one: 0 -> g by who waits; -> 1 by who comes. */
static wordptr there, back;

static bool wait_there(struct g *g, void *arg)
{
	uintptr_t none = 0;
	/* pairs with: come() — the waiter's status */
	return cas_acq_rel((wordptr *)arg, &none, (uintptr_t)g);
}

static void await(wordptr *place)
{
	/* pairs with: come() */
	if (load_acquire(place) == 0)
		runtime->park(wait_there, place);
	/* relaxed: whoever comes next has been told by this goroutine */
	store_relaxed(place, 0);
}

static void come(wordptr *place)
{
	/* pairs with: wait_there() swap */
	uintptr_t g = exchange_acq_rel(place, 1);
	if (g != 0)
		runtime->ready((struct g *)g);
}

static void answer(void *arg)
{
	(void)arg;
	for (int i = 0; i < SWITCHES; i++) {
		await(&there);
		come(&back);
	}
}

static void handoffs(void *arg)
{
	(void)arg;
	word_init(&there, 0);
	word_init(&back, 0);
	go(answer, NULL);
	int64_t start = world_now();
	for (int i = 0; i < SWITCHES; i++) {
		come(&there);
		await(&back);
	}
	figure = (double)(world_now() - start) / SWITCHES;
}

/* --- round trips through the poller --- */

static struct pair {
	struct poll_fd a, b;
} pair[PAIRS];
static unsigned pairs;
static int (*connect_pair)(int fd[2]);

static int connect_tcp(int fd[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(l, (struct sockaddr *)&a, sizeof a) != 0 || listen(l, 1) != 0 ||
	    getsockname(l, (struct sockaddr *)&a, &size) != 0)
		return -errno;
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd[0], (struct sockaddr *)&a, sizeof a) != 0)
		return -errno;
	fd[1] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	world_close(l);
	if (fd[1] < 0 || fcntl(fd[0], F_SETFL, O_NONBLOCK) != 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
		setsockopt(fd[i], IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
	}
	return 0;
}

static void echo(void *arg)
{
	struct pair *p = arg;
	char buffer[ROOM];
	while (fd_read(&p->b, buffer, ROOM) == 1 && fd_write(&p->b, buffer, 1) == 1)
		;
	fd_close(&p->b);
}

static void ask(void *arg)
{
	struct pair *p = arg;
	char buffer[ROOM] = { 0 };
	uint64_t n = 0;
	/* pairs with: main's store */
	while (!load_acquire(&stop) && fd_write(&p->a, buffer, 1) == 1 &&
	       fd_read(&p->a, buffer, ROOM) == 1)
		n++;
	fd_close(&p->a);
	/* relaxed: a figure */
	fetch_add_relaxed(&counted, n);
}

static void open_pairs(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < pairs; i++) {
		int fd[2];
		if (connect_pair(fd) != 0 || fd_open(&pair[i].a, sched_poller(), fd[0]) != 0 ||
		    fd_open(&pair[i].b, sched_poller(), fd[1]) != 0)
			exit(2);
	}
}

static void start_pairs(void)
{
	worker_call(open_pairs, NULL);
	for (unsigned i = 0; i < pairs; i++) {
		go(echo, &pair[i]);
		go(ask, &pair[i]);
	}
}

static int64_t begun;

static void trips(void *arg)
{
	(void)arg;
	start_pairs();
	begun = world_now();
	go_sleep(MEASURED_NS);
	/* pairs with: ask() */
	store_release(&stop, 1);
	/* relaxed: alive is watched until only this goroutine is left */
	while (load_relaxed(&sched_current()->alive) > 1)
		go_yield();
	/* relaxed: a figure */
	figure = (double)load_relaxed(&counted) * 1e9 / (double)(world_now() - begun);
}

static double round_trips(unsigned n, int (*how)(int fd[2]))
{
	pairs = n;
	connect_pair = how;
	return best(PROCS, trips, NULL, true);
}

static void stops(void *arg)
{
	uint64_t n = 0;
	(void)arg;
	start_pairs();
	go_sleep(MEASURED_NS / 10);
	int64_t start = world_now(), end = start + MEASURED_NS;
	for (; world_now() < end; n++) {
		stop_the_world();
		start_the_world();
		go_yield();
	}
	figure = (double)n * 1e9 / (double)(world_now() - start);
	/* pairs with: ask() */
	store_release(&stop, 1);
}

/* --- parked goroutines --- */

static struct parked {
	struct g *g[MORE];
	word32 count, woken;
} *parked;

static bool park_here(struct g *g, void *arg)
{
	(void)arg;
	/* relaxed: below, once all have come */
	uint32_t i = fetch_add_relaxed(&parked->count, 1);
	parked->g[i] = g;
	return true;
}

static void sleeper(void *arg)
{
	(void)arg;
	runtime->park(park_here, NULL);
	/* relaxed: a figure */
	fetch_add_relaxed(&parked->woken, 1);
}

static void park_many(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;
	uint64_t before = resident_kib();
	for (unsigned i = 0; i < n; i++) {
		go(sleeper, NULL);
		if (i % AT_ONCE == 0)
			go_yield();
	}
	/* relaxed: parking has been told by the world's stop below */
	while (load_relaxed(&parked->count) < n)
		go_yield();
	stop_the_world();
	figure = (double)(resident_kib() - before) * 1024 / n;
	start_the_world();
	for (unsigned i = 0; i < n; i++)
		runtime->ready(parked->g[i]);
	/* relaxed: a figure */
	while (load_relaxed(&parked->woken) < n)
		go_yield();
}

/* Each one's stack and its guard are mappings of their own. */
static bool has_mappings_for(unsigned n)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
	unsigned long most = 0;
	bool told = f && fscanf(f, "%lu", &most) == 1;
	if (f)
		fclose(f);
	return told && most >= (unsigned long)n * MAPPINGS_EACH + MAPPINGS_MORE;
}

/* < 0 where the kernel does not let us: the doctor says how. */
static double parked_bytes(unsigned n)
{
	struct sched_config c = { .procs = PROCS };
	if (!has_mappings_for(n))
		return -1;
	parked = world_map(sizeof *parked);
	if (sched_run(&c, park_many, (void *)(uintptr_t)n, NULL) != 0)
		exit(2);
	world_unmap(parked, sizeof *parked);
	return figure;
}

static bool is_wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

static double yield_ns(void)
{
	return best(PROCS, yields, NULL, false);
}

static double handoff_ns(void)
{
	return best(PROCS, handoffs, NULL, false);
}

static double pair_1(void)
{
	return round_trips(1, world_socketpair);
}

static double pair_100(void)
{
	return round_trips(PAIRS, world_socketpair);
}

static double tcp_1(void)
{
	return round_trips(1, connect_tcp);
}

static double tcp_100(void)
{
	return round_trips(PAIRS, connect_tcp);
}

static double stops_per_s(void)
{
	connect_pair = world_socketpair;
	pairs = PAIRS;
	return best(PROCS, stops, NULL, true);
}

static double parked_30000(void)
{
	return parked_bytes(PARKED);
}

static double parked_100000(void)
{
	return parked_bytes(MORE);
}

static const struct {
	const char *name;
	double (*measure)(void); /* < 0: not on this machine */
} all[] = {
	{ "yield_ns", yield_ns },
	{ "handoff_ns", handoff_ns },
	{ "pair_1_per_s", pair_1 },
	{ "pair_100_per_s", pair_100 },
	{ "tcp_1_per_s", tcp_1 },
	{ "tcp_100_per_s", tcp_100 },
	{ "stops_per_s", stops_per_s },
	{ "parked_30000_bytes_each", parked_30000 },
	{ "parked_100000_bytes_each", parked_100000 },
};

int main(int argc, char **argv)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	json_object(stdout, NULL);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (!is_wanted(argc, argv, all[i].name))
			continue;
		double found = all[i].measure();
		if (found < 0)
			json_null(stdout, all[i].name);
		else
			json_real(stdout, all[i].name, found);
	}
	json_end(stdout);
	return 0;
}
