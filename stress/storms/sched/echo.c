/* The program that golang/go#9186 was found with: pairs of goroutines echo
 * messages over connections and recurse deeply before each, so that their
 * stacks grow; one goroutine collects for ever, so that they shrink. Its
 * readers are made runnable by the poller while the world stands still.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "poller/fd.h"
#include "sched/canary.h"
#include "sched/gc.h"
#include "storms/sched/wild.h"

enum {
	MESSAGE = 100, FRAME = 100, FRAMES = 1000,
	EVERY = 16, /* frames to a canary */
	LONGEST_PAUSE = 10000000, MOST_RUNS = 64, PAUSE_TURNS = 512
};
enum { OP_MESSAGE, OP_COLLECT, OP_MOVE };
enum { MOVES = 170000 /* in a soak: a million in the six storms */ };

static struct connection {
	struct poll_fd end[2];
} *connection;
static unsigned connections;
static int (*connect_pair)(int fd[2]);
static word32 running; /* goroutines other than the first */

/* --- goroutines --- */

/* One in EVERY frames has a canary, which its caller's frames depend on. */
__attribute__((noinline)) static bool big_stack(int n, uint64_t value)
{
	union {
		char bytes[FRAME];
		struct canary canary;
	} frame;
	bool right = true, marked = n % EVERY == 0;
	stack_need(sizeof frame + FRAME);
	if (marked)
		canary_set(&frame.canary, value);
	if (n > 0)
		right = big_stack(n - 1, value);
	__asm__ volatile("" : : "r"(&frame) : "memory");
	return right && (!marked || canary_holds(&frame.canary, value));
}

static bool read_full(struct poll_fd *f, char *buffer, size_t bytes)
{
	for (size_t had = 0; had < bytes;) {
		int64_t n = fd_read(f, buffer + had, bytes - had);
		if (n <= 0)
			return false;
		had += (size_t)n;
	}
	return true;
}

static bool write_full(struct poll_fd *f, const char *buffer, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		int64_t n = fd_write(f, buffer + done, bytes - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void leave(void)
{
	/* pairs with: echo_main() */
	fetch_add_acq_rel(&running, (uint32_t)-1);
}

/* Echoes what comes in at one end of a connection. */
static void echo(void *arg)
{
	struct tally *t = arg;
	struct poll_fd *f = &connection[t->id / 2].end[t->id % 2];
	char buffer[MESSAGE];
	struct canary canary;
	stack_need(sizeof buffer + sizeof canary + 4 * FRAME);
	for (uint64_t turn = 1;; turn++) {
		canary_set(&canary, turn);
		bool right = big_stack(FRAMES, turn);
		bool more = read_full(f, buffer, MESSAGE);
		if (!right || !canary_holds(&canary, turn))
			wild.order->found(STACK_CORRUPTION, "a canary on a stack is wrong", 1);
		if (!more || !write_full(f, buffer, MESSAGE))
			break;
		wild_count(t, OP_MESSAGE);
	}
	leave();
}

/* --- collecting --- */

/* Goroutines that other processors have begun to run. */
static uint32_t others_ran(void)
{
	struct sched *s = sched_current();
	uint32_t n = 0;
	for (unsigned i = 0; i < s->procs; i++)
		if (s->p[i] != m_self()->p)
			n += load_relaxed(&s->p[i]->tick); /* relaxed: a figure */
	return n;
}

/* Whether other processors have nothing to do. */
static bool others_idle(void)
{
	/* relaxed: a glance */
	return load_relaxed(&sched_current()->idle_ps) == sched_current()->procs - 1;
}

/* Between two collections: until another processor has run something, or has
 * nothing to run, and a little longer. Its messages are what the poller tells
 * of while the world stands still again. */
static void pause_a_little(struct tally *t)
{
	uint32_t ran = others_ran(), runs = 1 + rng_below(&t->rng, MOST_RUNS);
	int64_t end = world_now() + LONGEST_PAUSE;
	if (sched_current()->procs == 1)
		go_yield();
	while (others_ran() - ran < runs && !others_idle() && world_now() < end)
		world_relax();
	for (uint32_t n = rng_below(&t->rng, PAUSE_TURNS); n > 0; n--)
		world_relax();
}

/* For ever. */
static void collector(void *arg)
{
	struct tally *t = arg;
	while (!wild_stopping()) {
		pause_a_little(t);
		gc_collect();
		wild_count(t, OP_COLLECT);
		/* relaxed: figures */
		store_relaxed(&t->op[OP_MOVE], load_relaxed(&sched_current()->stacks.moves));
	}
	leave();
}

/* --- connections --- */

/* Over loopback; both are connected when it returns. */
static int connect_tcp(int fd[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &size) != 0)
		return -errno;
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd[0], (struct sockaddr *)&a, sizeof a) != 0)
		return -errno;
	fd[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	world_close(listener);
	if (fd[1] < 0 || fcntl(fd[0], F_SETFL, O_NONBLOCK) != 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &l, sizeof l);
	return 0;
}

static void open_connections(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < connections; i++) {
		int fd[2];
		if (connect_pair(fd) != 0 ||
		    fd_open(&connection[i].end[0], sched_poller(), fd[0]) != 0 ||
		    fd_open(&connection[i].end[1], sched_poller(), fd[1]) != 0)
			wild.order->give_up("cannot connect over loopback");
	}
}

static void echo_main(void *arg)
{
	static const char message[MESSAGE];
	struct gc_counts counts;
	(void)arg;
	stack_need(sizeof counts + 8 * FRAME);
	gc_begin(&(struct gc_config){ .heap_bytes = (size_t)1 << 24 });
	worker_call(open_connections, NULL);
	for (unsigned i = 0; i < connections; i++) {
		go(echo, &wild.tally[2 * i]);
		go(echo, &wild.tally[2 * i + 1]);
		if (!write_full(&connection[i].end[0], message, MESSAGE))
			wild.order->give_up("cannot write to a fresh connection");
	}
	go(collector, &wild.tally[2 * connections]);
	while (!wild_stopping())
		go_sleep(1000000);
	for (unsigned i = 0; i < connections; i++) {
		fd_close(&connection[i].end[0]);
		fd_close(&connection[i].end[1]);
	}
	/* pairs with: leave() */
	while (load_acquire(&running) != 0)
		go_sleep(1000000);
	gc_end(&counts);
}

static void run(const struct storm_order *order, int (*pair)(int fd[2]))
{
	connect_pair = pair;
	connections = order->descriptors;
	word_init(&running, 2 * connections + 1);
	connection = world_map(connections * sizeof *connection);
	wild_storm(order, &(struct wild){ .tallies = 2 * connections + 1, .main = echo_main,
					  .aimed = true });
	world_unmap(connection, connections * sizeof *connection);
}

static void run_tcp(const struct storm_order *order)
{
	run(order, connect_tcp);
}

static void run_pairs(const struct storm_order *order)
{
	run(order, world_socketpair);
}

#define ECHO                                                                             \
	.op = { "message", "collection", "move" }, .quota = { [OP_MOVE] = MOVES },      \
	.gauge = { "goroutines", "stacks", "stack_kib" }, .descriptors = 100,            \
	.fewest = 1, .files_each = 2, .files_more = 64

#define FAILS                                                                            \
	MUST({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL },                                \
	     { "BUG_COPYSTACK_CHECKED", FATAL, EVERY_MODEL }),                           \
	MAY({ "BUG_PARK_LATE", FATAL, EVERY_MODEL },                                     \
	    { "BUG_READY_OVER_SCAN", FATAL, EVERY_MODEL },                               \
	    { "BUG_STOP_EARLY", FATAL, EVERY_MODEL },                                    \
	    { "BUG_STOPWAIT_BARE", DATA_RACE, EVERY_MODEL },                             \
	    { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL },                       \
	    ANYTHING("BUG_STEAL_STORE"))

#define OVER_TCP "readers that the poller wakes while their stacks are shrunk, over TCP"
#define OVER_PAIRS "the same over socket pairs"
#define WEDGES MUST({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL })

STORM(echo_tcp, .purpose = OVER_TCP, .run = run_tcp, ECHO, FAILS);
STORM(echo_pairs, .purpose = OVER_PAIRS, .run = run_pairs, ECHO, FAILS);
OVER_PORTS(echo_tcp, OVER_TCP, .run = run_tcp, ECHO, WEDGES);
OVER_PORTS(echo_pairs, OVER_PAIRS, .run = run_pairs, ECHO, WEDGES);
