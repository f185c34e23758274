/* What the backends cost, one thread, nobody in the way: one JSON object.
 *
 *   {"epoll":{"events_per_s":1.9e6,"open_close_ns":3100},"port_oneshot":{...},...}
 *
 * An event through epoll takes its share of one call that fetches many. A port
 * is asked before each wait: over one-shot entries that is one call more for
 * each event (MOD); in user space two (MOD for a hint, poll to look). An opened
 * descriptor costs the port a failed MOD before its ADD. Figures are the
 * fastest of TRIES, in turns.
 */
#include "base/threads.h"
#include "engine/emit.h"
#include "port/port.h"

enum { TRIES = 9, PAIRS = 64, TURNS = 50 };

struct subject {
	const struct poll_backend *backend;
	struct poller poller;
	struct poll_desc *pd[PAIRS];
	int fd[PAIRS], peer[PAIRS];
	int64_t events_ns, opens_ns; /* of TURNS * PAIRS, the least so far */
};

static void open_all(struct subject *s)
{
	for (int i = 0; i < PAIRS; i++)
		if (poll_open(&s->poller, s->fd[i], &s->pd[i]) != 0)
			world_fatal("a socket cannot be opened");
}

static void close_all(struct subject *s)
{
	for (int i = 0; i < PAIRS; i++) {
		poll_unblock(s->pd[i]);
		poll_close(s->pd[i]);
	}
}

static unsigned told(struct subject *s)
{
	unsigned n = 0;
	for (int i = 0; i < PAIRS; i++)
		/* pairs with: poll_take() swap */
		n += sem_load(&s->pd[i]->rg) == SEM_READY;
	return n;
}

/* Each socket is asked for, receives a byte, is told of, and read. Returns the
 * ns that the backend took. */
static int64_t turn(struct subject *s)
{
	struct g *list[2 * PORT_EVENTS];
	int64_t ns = -world_now();
	for (int i = 0; i < PAIRS; i++)
		if (s->backend->arm)
			s->backend->arm(s->pd[i], POLL_READ);
	ns += world_now();
	for (int i = 0; i < PAIRS; i++)
		world_write(s->peer[i], "x", 1);
	ns -= world_now();
	do {
		int waiters;
		s->backend->poll(&s->poller, 0, list, &waiters);
	} while (told(s) < PAIRS);
	ns += world_now();
	for (int i = 0; i < PAIRS; i++) {
		char byte;
		if (!poll_block(s->pd[i], POLL_READ, false) || world_read(s->fd[i], &byte, 1) != 1)
			world_fatal("readiness got lost");
	}
	return ns;
}

static void measure(struct subject *s)
{
	int64_t events = 0, opens = 0;
	for (int i = 0; i < TURNS; i++) {
		int64_t start = world_now();
		open_all(s);
		close_all(s);
		opens += world_now() - start;
	}
	open_all(s);
	turn(s);
	for (int i = 0; i < TURNS; i++)
		events += turn(s);
	close_all(s);
	s->events_ns = s->events_ns && s->events_ns < events ? s->events_ns : events;
	s->opens_ns = s->opens_ns && s->opens_ns < opens ? s->opens_ns : opens;
}

int main(void)
{
	static struct subject subjects[] = { { .backend = &epoll_backend },
					     { .backend = &port_oneshot_backend },
					     { .backend = &port_exact_backend } };
	enum { SUBJECTS = sizeof subjects / sizeof *subjects };
	runtime = &threads_runtime;
	for (unsigned i = 0; i < SUBJECTS; i++) {
		struct subject *s = &subjects[i];
		int pair[2];
		if (poller_start(&s->poller, s->backend) != 0)
			world_fatal("a backend cannot be started");
		for (int k = 0; k < PAIRS; k++) {
			if (world_socketpair(pair) != 0)
				world_fatal("no sockets");
			s->fd[k] = pair[0];
			s->peer[k] = pair[1];
		}
	}
	for (int try = 0; try < TRIES; try++)
		for (unsigned i = 0; i < SUBJECTS; i++)
			measure(&subjects[i]);
	json_object(stdout, NULL);
	for (unsigned i = 0; i < SUBJECTS; i++) {
		struct subject *s = &subjects[i];
		json_object(stdout, s->backend->name);
		json_real(stdout, "events_per_s", TURNS * PAIRS / (s->events_ns / 1e9));
		json_real(stdout, "event_ns", (double)s->events_ns / (TURNS * PAIRS));
		json_real(stdout, "open_close_ns", (double)s->opens_ns / (TURNS * PAIRS));
		json_real(stdout, "of_epoll", (double)subjects[0].events_ns / s->events_ns);
		json_end(stdout);
	}
	json_end(stdout);
	return 0;
}
