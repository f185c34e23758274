/* The simulated kernel against the one that runs this test: random sequences of
 * descriptor and epoll calls must give the same numbers, bytes, errors and
 * events in the same order. A sequence that does not is cut down to what
 * matters and printed.
 *
 * Buffers differ in size, so a sequence keeps to where that cannot show: few
 * short messages, or filled to the brim and then emptied at once.
 */
/* not emulated: it refuses some calls before it looks at the descriptor */
/* links: fuzz/kernel/[!c]*.c stress/world.c */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>

#include "kernel/kernel.h"
#include "stress/world.h"
#include "tests/unit/check.h"

enum { SEQUENCES = 12000, MOST_CALLS = 60, NUMBERS = 16, ENDS = 256, FEW = 10, EVENTS = 8 };

enum call { PIPE, PAIR, EVENT, LISTEN, CONNECT, ACCEPT, READ, WRITE, FILL, DRAIN, CLOSE, EPOLL,
	    ADD, DEL, MOD, WAIT, POLL, CALLS };
static const char *const call_name[] = { "pipe", "socketpair", "eventfd", "listen", "connect",
					 "accept", "read", "write", "fill", "drain", "close",
					 "epoll_create", "add", "del", "mod", "wait", "poll" };

struct step { enum call call; int fd, epoll; uint32_t x; };

void kernel_ready(unsigned file)
{
	(void)file;
}

/* --- what the sequence has done, to keep it within bounds --- */

enum kind { NOTHING, SOCKET, PIPE_END, COUNTER, LISTENER, INSTANCE };
struct end {
	enum kind kind;
	struct end *peer;
	unsigned queued; /* writes since it was last empty */
	bool full;
	struct end *waiting[NUMBERS];
	unsigned connections;
};
static struct end ends[ENDS];
static unsigned ends_used;
static struct end *named[NUMBERS + 64];

static struct end *end_new(enum kind kind)
{
	struct end *e = &ends[ends_used++ % ENDS];
	*e = (struct end){ .kind = kind };
	return e;
}

static void name_pair(enum kind kind, const int fd[2])
{
	struct end *a = end_new(kind), *b = end_new(kind);
	a->peer = b;
	b->peer = a;
	named[fd[0]] = a;
	named[fd[1]] = b;
}

/* --- one call in both worlds --- */

static uint8_t byte_of;

static int64_t both_write(int fd, size_t bytes, int64_t *real)
{
	uint8_t buffer[512];
	for (size_t i = 0; i < bytes; i++)
		buffer[i] = byte_of++;
	if (named[fd] && named[fd]->kind == COUNTER) {
		memset(buffer, 0, sizeof buffer);
		buffer[0] = bytes;
		bytes = 8;
	}
	*real = world_write(fd, buffer, bytes);
	return kernel_write(fd, buffer, bytes);
}

static int64_t both_read(int fd, size_t bytes, int64_t *real)
{
	uint8_t found[2][512];
	memset(found, 0, sizeof found);
	if (named[fd] && named[fd]->kind == COUNTER)
		bytes = 8;
	*real = world_read(fd, found[0], bytes);
	int64_t got = kernel_read(fd, found[1], bytes);
	return memcmp(found[0], found[1], sizeof found[0]) == 0 ? got : -1000;
}

/* Until it would block; both end for the same reason. */
static int64_t repeat(int64_t (*one)(int, size_t, int64_t *), int fd, int64_t *real)
{
	uint8_t buffer[512] = { 0 };
	int64_t mine, n;
	bool writes = one == both_write;
	do
		n = writes ? world_write(fd, buffer, sizeof buffer) :
			     world_read(fd, buffer, sizeof buffer);
	while (n > 0);
	*real = n;
	do
		mine = writes ? kernel_write(fd, buffer, sizeof buffer) :
				kernel_read(fd, buffer, sizeof buffer);
	while (mine > 0);
	return mine;
}

static int64_t both_wait(const struct step *s, int64_t *real)
{
	struct world_event found[2][EVENTS];
	int n = s->x % EVENTS;
	memset(found, 0, sizeof found);
	*real = world_epoll_wait(s->epoll, found[0], n, 0);
	int count = kernel_epoll_wait(s->epoll, found[1], n, NULL);
	if (count != *real)
		return count;
	for (int i = 0; i < count; i++)
		if (found[0][i].events != found[1][i].events ||
		    found[0][i].data != found[1][i].data) {
			*real = found[0][i].data << 32 | found[0][i].events;
			return found[1][i].data << 32 | found[1][i].events;
		}
	return count;
}

static uint32_t events_of(uint32_t x)
{
	return (x & 1 ? WORLD_IN : 0) | (x & 2 ? WORLD_OUT : 0) | (x & 4 ? WORLD_RDHUP : 0) |
	       (x & 8 ? WORLD_EDGE : 0) | (x & 48 ? 0 : WORLD_ONESHOT);
}

static int64_t both_control(const struct step *s, int64_t *real)
{
	enum world_ctl op = s->call == ADD ? WORLD_ADD : s->call == DEL ? WORLD_DEL : WORLD_MOD;
	uint64_t data = s->x % 1000 * 100 + s->fd;
	*real = world_epoll_ctl(s->epoll, op, s->fd, events_of(s->x), data);
	return kernel_epoll_ctl(s->epoll, op, s->fd, events_of(s->x), data);
}

static int64_t both_make(const struct step *s, int64_t *real)
{
	int a[2], b[2] = { 0, 0 };
	bool pair = s->call == PAIR;
	*real = pair ? world_socketpair(a) : world_pipe(a);
	int64_t mine = pair ? kernel_socketpair(b) : kernel_pipe(b);
	if (mine != 0 || *real != 0)
		return mine;
	*real = a[0] * 1000 + a[1];
	if (a[0] == b[0] && a[1] == b[1])
		name_pair(pair ? SOCKET : PIPE_END, a);
	return b[0] * 1000 + b[1];
}

static int64_t both_single(const struct step *s, int64_t *real)
{
	struct end *l = named[s->fd];
	int64_t mine;
	enum kind kind = s->call == EVENT ? COUNTER : s->call == LISTEN ? LISTENER : INSTANCE;
	switch (s->call) {
	case EVENT:
		*real = world_eventfd();
		mine = kernel_eventfd();
		break;
	case LISTEN:
		*real = world_listen();
		mine = kernel_listen();
		break;
	case EPOLL:
		*real = world_epoll_create();
		mine = kernel_epoll_create();
		break;
	case CONNECT:
		*real = world_connect(s->fd);
		mine = kernel_connect(s->fd);
		if (mine >= 0 && mine == *real) {
			struct end *a = end_new(SOCKET), *b = end_new(SOCKET);
			a->peer = b;
			b->peer = a;
			named[mine] = a;
			l->waiting[l->connections++] = b;
		}
		return mine;
	default:
		*real = world_accept(s->fd);
		mine = kernel_accept(s->fd);
		if (mine >= 0 && mine == *real) {
			named[mine] = l->waiting[0];
			l->connections--;
			memmove(l->waiting, l->waiting + 1, l->connections * sizeof l->waiting[0]);
		}
		return mine;
	}
	if (mine >= 0 && mine == *real)
		named[mine] = end_new(kind);
	return mine;
}

/* Whether sizes of buffers could show, or it is not simulated. */
static bool out_of_bounds(const struct step *s)
{
	struct end *e = named[s->fd];
	enum kind kind = e ? e->kind : NOTHING;
	bool queue = kind == SOCKET || kind == PIPE_END;
	switch (s->call) {
	case WRITE:
		return queue && e->peer && !e->peer->full && e->peer->queued >= FEW;
	case READ:
		return queue && e->full;
	case FILL:
	case DRAIN:
		return !queue;
	case CONNECT:
		return kind == SOCKET || (kind == LISTENER && e->connections >= FEW);
	case ADD:
	case DEL:
	case MOD:
	case POLL:
		return kind == INSTANCE;
	default:
		return false;
	}
}

static void note(const struct step *s, int64_t result)
{
	struct end *e = named[s->fd];
	if (!e)
		return;
	if (s->call == CLOSE) {
		named[s->fd] = NULL;
		if (e->peer)
			e->peer->peer = NULL;
	} else if (s->call == WRITE && e->peer && result > 0) {
		e->peer->queued++;
	} else if (s->call == FILL && e->peer && result == -EAGAIN) {
		e->peer->full = true;
	} else if (s->call == DRAIN || (s->call == READ && result <= 0)) {
		e->full = false;
		e->queued = 0;
	}
}

static int64_t both(const struct step *s, int64_t *real)
{
	int64_t mine;
	switch (s->call) {
	case PIPE:
	case PAIR:
		return both_make(s, real);
	case READ:
		return both_read(s->fd, 1 + s->x % 20, real);
	case WRITE:
		return both_write(s->fd, 1 + s->x % 8, real);
	case FILL:
		return repeat(both_write, s->fd, real);
	case DRAIN:
		return repeat(both_read, s->fd, real);
	case CLOSE:
		*real = world_close(s->fd);
		return kernel_close(s->fd);
	case ADD:
	case DEL:
	case MOD:
		return both_control(s, real);
	case WAIT:
		return both_wait(s, real);
	case POLL:
		*real = world_ready(s->fd, events_of(s->x));
		return kernel_poll(s->fd, events_of(s->x));
	default:
		mine = both_single(s, real);
		return mine;
	}
}

/* --- sequences --- */

static void begin(void)
{
	for (int fd = 3; fd < NUMBERS + 64; fd++) {
		world_close(fd);
		named[fd] = NULL;
	}
	kernel_begin();
	ends_used = 0;
	byte_of = 1;
}

/* Returns the number of the step that differs, or n. */
static unsigned run(const struct step *step, unsigned n, int64_t result[2])
{
	begin();
	for (unsigned i = 0; i < n; i++) {
		if (out_of_bounds(&step[i]))
			continue;
		result[0] = both(&step[i], &result[1]);
		if (result[0] != result[1])
			return i;
		note(&step[i], result[0]);
	}
	return n;
}

static uint64_t state;

static uint32_t draw(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

static unsigned invent(struct step *step)
{
	unsigned n = 10 + draw(MOST_CALLS - 10);
	/* The first are there to have something to act on. */
	static const enum call first[] = { EPOLL, PAIR, PIPE, EVENT, LISTEN };
	/* Half of them stay with one pair of numbers and one interest. */
	int focus = draw(2) ? 4 + (int)draw(3) * 2 : 0;
	uint32_t interest = draw(1 << 16);
	for (unsigned i = 0; i < n; i++) {
		enum call call = i < 5 ? first[i] : draw(CALLS);
		bool near = focus && draw(4), rare = call == CLOSE || call == EPOLL;
		if (i >= 5 && (draw(3) == 0 || (rare && draw(3))))
			call = WAIT;
		step[i] = (struct step){ call,
					 near ? focus + (int)draw(2) : 3 + (int)draw(NUMBERS - 3),
					 near || draw(6) ? 3 : 3 + (int)draw(9),
					 near && call != WAIT ? interest : draw(1 << 16) };
	}
	return n;
}

/* Leaves out step after step as long as something still differs. */
static unsigned shrink(struct step *step, unsigned n)
{
	static struct step fewer[MOST_CALLS];
	int64_t result[2];
	for (unsigned i = 0; i < n;) {
		memcpy(fewer, step, i * sizeof *step);
		memcpy(fewer + i, step + i + 1, (n - i - 1) * sizeof *step);
		unsigned at = run(fewer, n - 1, result);
		if (at == n - 1) {
			i++;
			continue;
		}
		n = at + 1;
		memcpy(step, fewer, n * sizeof *step);
		i = 0;
	}
	return n;
}

static void show(const struct step *step, unsigned n)
{
	int64_t result[2] = { 0, 0 };
	run(step, n, result);
	for (unsigned i = 0; i < n; i++)
		fprintf(stderr, "  %-12s fd %d epoll %d x %u events %#x\n",
			call_name[step[i].call], step[i].fd, step[i].epoll, step[i].x,
			events_of(step[i].x));
	fprintf(stderr, "  simulated %#llx (%lld), real %#llx (%lld)\n", (long long)result[0],
		(long long)result[0], (long long)result[1], (long long)result[1]);
}

TEST(random_sequences_are_those_of_the_kernel)
{
	static struct step step[MOST_CALLS];
	const char *wanted = getenv("KERNEL_SEQUENCES");
	unsigned count = wanted ? atoi(wanted) : SEQUENCES;
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 1; i <= count; i++) {
		int64_t result[2];
		state = i;
		unsigned n = invent(step);
		unsigned at = run(step, n, result);
		if (at == n)
			continue;
		fprintf(stderr, "sequence %u differs:\n", i);
		n = shrink(step, at + 1);
		show(step, n);
		CHECK_EQ(result[0], result[1]);
	}
	begin();
}
