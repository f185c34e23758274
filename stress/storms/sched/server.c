/* A network server and its clients, over loopback: connections are accepted,
 * served under deadlines, half-closed, reset and abandoned, while one collects
 * and so shrinks the stacks of all who wait.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "poller/fd.h"
#include "sched/gc.h"
#include "storms/sched/wild.h"

enum {
	MESSAGE = 1024,       /* bytes, at most */
	CHUNK = 256,          /* bytes that the server has in hand */
	ROOM = 1024,          /* stack for a goroutine's own functions */
	US = 1000, MS = 1000 * US,
	PATIENCE = 20 * MS,   /* of the server, with a client that says nothing */
	BACKLOG = 128
};
enum { OP_SERVE, OP_ECHO, OP_HALF_CLOSE, OP_RESET, OP_TIMEOUT, OP_ABANDON, OP_REFUSED,
       OP_COLLECT, OP_MOVE };

static struct poll_fd listener;
static struct sockaddr_in address;
static word32 clients; /* that have not ended */
static word32 serving; /* the acceptor, and connections that it serves */

/* --- sockets --- */

/* What a reset is: closing sends one, and nothing stays behind. */
static void abortive(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void open_listener(void *arg)
{
	socklen_t size = sizeof address;
	(void)arg;
	address = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
	    fd_open(&listener, sched_poller(), fd) != 0)
		wild.order->give_up("cannot listen on loopback");
}

static int64_t try_accept(void *arg)
{
	(void)arg;
	int fd = (int)syscall(SYS_accept4, listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd >= 0 ? fd : errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
}

/* Not through the library: race detectors take connect() for the making of the
 * descriptor, for which the poller may ask meanwhile. */
static int64_t try_connect(void *arg)
{
	struct poll_fd *f = arg;
	if (syscall(SYS_connect, f->fd, &address, sizeof address) == 0 || errno == EISCONN)
		return 0;
	return errno == EINPROGRESS || errno == EALREADY || errno == EINTR ? -EAGAIN : -errno;
}

static void open_client(void *arg)
{
	struct poll_fd *f = arg;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || fd_open(f, sched_poller(), fd) != 0)
		wild.order->give_up("cannot open a socket");
}

/* --- the server --- */

/* Echoes until the client has had enough, or says nothing for long. */
static void serve(void *arg)
{
	struct poll_fd f;
	char buffer[CHUNK];
	stack_need(ROOM);
	if (fd_open(&f, sched_poller(), (int)(intptr_t)arg) != 0)
		world_fatal("an accepted connection cannot be polled");
	for (;;) {
		fd_set_deadline(&f, PATIENCE, POLL_READ | POLL_WRITE);
		int64_t n = fd_read(&f, buffer, sizeof buffer);
		if (n <= 0)
			break;
		for (int64_t done = 0, m; done < n && n > 0; done += m)
			if ((m = fd_write(&f, buffer + done, (size_t)(n - done))) <= 0)
				n = m = 0;
		if (n == 0)
			break;
	}
	fd_close(&f);
	/* pairs with: server_main() */
	fetch_add_acq_rel(&serving, (uint32_t)-1);
}

/* Accepts under a deadline, so that it sees when there is nobody left. */
static void acceptor(void *arg)
{
	struct tally *t = arg;
	stack_need(ROOM);
	/* pairs with: client() */
	while (load_acquire(&clients) != 0) {
		fd_set_deadline(&listener, MS + rng_below(&t->rng, MS), POLL_READ);
		int64_t fd = poll_io(listener.pd, POLL_READ, try_accept, NULL);
		if (fd < 0)
			continue;
		/* pairs with: server_main() */
		fetch_add_acq_rel(&serving, 1);
		go(serve, (void *)(intptr_t)fd);
		wild_count(t, OP_SERVE);
	}
	fd_close(&listener);
	/* pairs with: server_main() */
	fetch_add_acq_rel(&serving, (uint32_t)-1);
}

/* --- a client's visit --- */

static bool send_all(struct poll_fd *f, const char *from, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		int64_t n = fd_write(f, from + done, bytes - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* What comes back must be what was sent, as far as it comes. Returns how much
 * did. */
static size_t hear(struct poll_fd *f, const char *sent, size_t bytes, bool to_the_end)
{
	char buffer[CHUNK];
	size_t had = 0;
	while (had < bytes || to_the_end) {
		int64_t n = fd_read(f, buffer, sizeof buffer);
		if (n <= 0)
			break;
		bool right = had + (size_t)n <= bytes && !memcmp(buffer, sent + had, (size_t)n);
		wild_find(LOST_ITEM, "an echo is not what was sent", !right);
		had += (size_t)n;
	}
	return had;
}

static void wait_in_vain(struct tally *t, struct poll_fd *f)
{
	char byte;
	fd_set_deadline(f, 1 + rng_below(&t->rng, 300 * US), POLL_READ);
	if (fd_read(f, &byte, 1) == -ETIMEDOUT)
		wild_count(t, OP_TIMEOUT);
}

static void talk(struct tally *t, struct poll_fd *f, const char *message, size_t bytes)
{
	uint32_t what = rng_below(&t->rng, 8);
	if (what == 0) {
		send_all(f, message, bytes);
		wild_count(t, OP_RESET);
	} else if (what == 1) {
		wait_in_vain(t, f);
	} else if (what == 2) {
		char byte;
		while (fd_read(f, &byte, 1) > 0)
			; /* says nothing: the server hangs up */
		wild_count(t, OP_ABANDON);
	} else if (send_all(f, message, bytes)) {
		bool half = what < 5;
		if (half)
			shutdown(f->fd, SHUT_WR);
		if (hear(f, message, bytes, half) == bytes)
			wild_count(t, half ? OP_HALF_CLOSE : OP_ECHO);
	}
}

static void visit(struct tally *t, void **kept)
{
	struct poll_fd f;
	size_t bytes = 8 + rng_below(&t->rng, MESSAGE / 8 - 8) * 8;
	uint64_t *word = gc_alloc(kept, bytes, false);
	for (size_t i = 0; i < bytes / 8; i++)
		word[i] = t->rng + i;
	worker_call(open_client, &f);
	if (poll_io(f.pd, POLL_WRITE, try_connect, &f) == 0)
		talk(t, &f, (const char *)word, bytes);
	else
		wild_count(t, OP_REFUSED);
	abortive(f.fd);
	fd_close(&f);
}

static void client(void *arg)
{
	struct tally *t = arg;
	stack_need(ROOM + CHUNK);
	void **kept = gc_handle();
	while (!wild_stopping()) {
		wild_dive(t);
		visit(t, kept);
	}
	gc_release(kept);
	/* pairs with: acceptor(), server_main() */
	fetch_add_acq_rel(&clients, (uint32_t)-1);
}

/* --- all of it --- */

static void collect(struct tally *t)
{
	gc_collect();
	wild_count(t, OP_COLLECT);
	/* relaxed: figures */
	store_relaxed(&t->op[OP_MOVE], load_relaxed(&sched_current()->stacks.moves));
	if (rng_below(&t->rng, 4) == 0)
		go_sleep(1 + rng_below(&t->rng, MS));
	else
		go_yield();
}

static void server_main(void *arg)
{
	struct tally *own = &wild.tally[wild.tallies - 1];
	struct gc_counts counts;
	(void)arg;
	stack_need(ROOM + sizeof counts);
	gc_begin(&(struct gc_config){ .heap_bytes = (size_t)1 << 26, .poison = true });
	worker_call(open_listener, NULL);
	go(acceptor, &wild.tally[wild.tallies - 2]);
	for (unsigned i = 0; i + 2 < wild.tallies; i++)
		go(client, &wild.tally[i]);
	/* pairs with: client(), acceptor(), serve() */
	while (load_acquire(&clients) != 0 || load_acquire(&serving) != 0)
		collect(own);
	wild_end();
	gc_end(&counts);
	wild_find(EARLY_FREE, "a free object was written to", counts.written);
	wild_find(BLOCK_LEAK, "handles were not given back", counts.handles);
}

static void run(const struct storm_order *order)
{
	word_init(&clients, order->descriptors);
	word_init(&serving, 1);
	wild_storm(order, &(struct wild){ .procs = wild_procs(order->seed),
					  .tallies = order->descriptors + 2,
					  .main = server_main });
}

#define SERVER                                                                           \
	.op = { "serve", "echo", "half_close", "reset", "timeout", "abandon", "refused",  \
		"collection", "move" },                                                   \
	.gauge = { "goroutines", "stacks", "stack_kib" }, .descriptors = 32, .fewest = 1, \
	.files_each = 3, .files_more = 128, .run = run

#define WHAT                                                                             \
	"a server's connections are accepted, half-closed, reset and timed out, while one" \
	" collects"
#define WEDGES MUST({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL })

STORM(server, .purpose = WHAT, SERVER, WEDGES,
      MAY({ "BUG_COPYSTACK_CHECKED", FATAL, EVERY_MODEL },
	  { "BUG_PARK_LATE", FATAL, EVERY_MODEL }, { "BUG_STOP_EARLY", FATAL, EVERY_MODEL },
	  { "BUG_FIRE_LOCKED", TIMEOUT, EVERY_MODEL },
	  { "BUG_FIRE_LOCKED", DEADLOCK, EVERY_MODEL },
	  { "BUG_READY_OVER_SCAN", FATAL, EVERY_MODEL },
	  /* What is freed too early is anybody's. */
	  { "BUG_MARK_SPLIT", LOST_ITEM, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", EARLY_FREE, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", CRASH, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", UNDEFINED_BEHAVIOUR, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", DATA_RACE, EVERY_MODEL },
	  ANYTHING("BUG_STEAL_STORE"),
	  { "BUG_STOPWAIT_BARE", DATA_RACE, EVERY_MODEL },
	  { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL },
	  { "BUG_PUT_EARLY", BLOCK_LEAK, EVERY_MODEL },
	  { "BUG_PUT_EARLY", EARLY_FREE, EVERY_MODEL },
	  { "BUG_PUT_EARLY", LOST_ITEM, EVERY_MODEL },
	  { "BUG_PUT_EARLY", CRASH, EVERY_MODEL }));
OVER_PORTS(server, WHAT, SERVER, WEDGES);
