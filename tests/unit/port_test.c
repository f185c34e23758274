/* links: targets/base targets/port stress/world.c */
/* Ports and the backend over them: waits, alerts, interrupts, closing, and the
 * oracle of stale associations. What ports have in common is compared in
 * tests/test_port.py. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "base/threads.h"
#include "poller/loop.h"
#include "port/port.h"
#include "tests/unit/check.h"

#define MS INT64_C(1000000)

static const struct port_ops *const all_ops[] = { &port_oneshot_ops, &port_exact_ops };
static const struct poll_backend *const backends[] = { &port_oneshot_backend,
						       &port_exact_backend };
static struct port port;
static struct port_event events[PORT_EVENTS];

#define EACH_PORT(ops)                                                                   \
	for (unsigned i_ = 0; i_ < 2; port.ops->destroy(&port), i_++)                    \
		for (const struct port_ops *ops = begin(all_ops[i_]); ops; ops = NULL)

static const struct port_ops *begin(const struct port_ops *ops)
{
	port = (struct port){ .ops = ops };
	CHECK_EQ(ops->create(&port), 0);
	return ops;
}

/* A poller over each port, and one end of a pair of sockets open in it. The
 * body closes pd. */
static struct poller p;
static int pair[2];
static struct poll_desc *pd;

static bool open_in_poller(unsigned i)
{
	if (i > 0) {
		world_close(pair[0]);
		world_close(pair[1]);
		poller_stop(&p);
	}
	if (i == sizeof backends / sizeof *backends)
		return false;
	runtime = &threads_runtime;
	CHECK_EQ(poller_start(&p, backends[i]), 0);
	CHECK_EQ(world_socketpair(pair), 0);
	CHECK_EQ(poll_open(&p, pair[0], &pd), 0);
	return true;
}

#define EACH_POLLER for (unsigned i_ = 0; open_in_poller(i_); i_++)

TEST(a_wait_ends_after_its_time)
{
	EACH_PORT(ops) {
		int64_t start = world_now();
		CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, 2 * MS), 0);
		CHECK(world_now() - start >= 2 * MS);
		CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, 0), 0);
	}
}

TEST(an_alerted_port_says_so_and_nothing_else_until_it_is_calmed)
{
	EACH_PORT(ops) {
		int fd = world_eventfd(), user;
		uint64_t one = 1;
		ops->opened(&port, fd, &user);
		CHECK_EQ(ops->associate(&port, fd, WORLD_IN, &user), 0);
		CHECK_EQ(world_write(fd, &one, sizeof one), sizeof one);
		CHECK_EQ(ops->alert(&port, true), 0);
		CHECK_EQ(ops->alert(&port, true), 0);
		for (int n = 0; n < 2; n++) {
			CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, -1), 1);
			CHECK_EQ(events[0].events, PORT_ALERT);
		}
		CHECK_EQ(ops->alert(&port, false), 0);
		CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, -1), 1);
		CHECK_EQ(events[0].events, WORLD_IN);
		CHECK(events[0].user == &user);
		CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, 0), 0);
		ops->closed(&port, fd);
		world_close(fd);
	}
}

TEST(an_association_for_somebody_else_is_counted_as_stale)
{
	EACH_PORT(ops) {
		int fd = world_eventfd(), mine, other;
		ops->opened(&port, fd, &mine);
		CHECK_EQ(ops->associate(&port, fd, WORLD_IN, &mine), 0);
		CHECK_EQ(load_relaxed(&port.stale), 0);
		ops->closed(&port, fd);
		ops->opened(&port, fd, &other);
		CHECK_EQ(ops->associate(&port, fd, WORLD_IN, &other), 0);
		CHECK_EQ(load_relaxed(&port.stale), 0);
		CHECK_EQ(ops->associate(&port, fd, WORLD_IN, &mine), 0);
		CHECK_EQ(load_relaxed(&port.stale), 1);
		ops->closed(&port, fd);
		world_close(fd);
		CHECK_EQ(ops->associate(&port, fd, WORLD_IN, &other), -EBADF);
		CHECK_EQ(load_relaxed(&port.stale), 2);
		CHECK_EQ(ops->associate(&port, -1, WORLD_IN, &other), -EBADF);
		CHECK_EQ(ops->associate(&port, 1 << 30, WORLD_IN, &other), -EBADF);
	}
}

static void interrupted(int signal)
{
	(void)signal;
}

static void interrupt_every_ms(bool on)
{
	struct sigaction act = { .sa_handler = interrupted }; /* no restart */
	sigaction(SIGALRM, &act, NULL);
	struct itimerval every = { { 0, on ? 1000 : 0 }, { 0, on ? 1000 : 0 } };
	setitimer(ITIMER_REAL, &every, NULL);
}

TEST(an_interrupted_wait_is_taken_up_again_where_it_has_no_end)
{
	EACH_PORT(ops) {
		interrupt_every_ms(true);
		CHECK_EQ(ops->getn(&port, events, PORT_EVENTS, -1), -EINTR);
		interrupt_every_ms(false);
	}
	EACH_POLLER {
		struct g *list[2 * PORT_EVENTS];
		int waiters;
		interrupt_every_ms(true);
		/* With a time to its end, the caller works out what is left. */
		CHECK_EQ(p.backend->poll(&p, 1000 * MS, list, &waiters), 0);
		CHECK_EQ(load_relaxed(&pd->rg), SEM_NIL);
		interrupt_every_ms(false);
		p.backend->arm(pd, POLL_READ);
		CHECK_EQ(world_write(pair[1], "x", 1), 1);
		p.backend->poll(&p, -1, list, &waiters);
		CHECK_EQ(load_relaxed(&pd->rg), SEM_READY);
		poll_unblock(pd);
		poll_close(pd);
	}
}

TEST(a_wake_that_nobody_waited_for_hides_no_event_from_polls_that_do_not_wait)
{
	EACH_POLLER {
		p.backend->arm(pd, POLL_READ);
		CHECK_EQ(world_write(pair[1], "x", 1), 1);
		p.backend->wake(&p);
		poller_once(&p, 0);
		CHECK_EQ(load_relaxed(&pd->rg), SEM_READY);
		/* Whoever waits next is woken all the same, and only he. */
		CHECK_EQ(load_relaxed(&((struct port *)p.state)->alerted), 1);
		CHECK_EQ(poller_once(&p, -1), 0);
		CHECK_EQ(load_relaxed(&((struct port *)p.state)->alerted), 0);
		CHECK_EQ(load_relaxed(&p.wake_pending), 0);
		poll_unblock(pd);
		poll_close(pd);
	}
}

/* Where one did, epoll_wait() could keep the file beyond close(). */
TEST(no_entry_of_the_kernel_outlives_its_descriptor)
{
	EACH_POLLER {
		int epoll = ((struct port *)p.state)->fd;
		p.backend->arm(pd, POLL_READ);
		poll_unblock(pd);
		poll_close(pd);
		CHECK_EQ(world_epoll_ctl(epoll, WORLD_DEL, pair[0], 0, 0), -ENOENT);
	}
}

TEST(directions_are_asked_for_one_by_one_and_never_while_closing)
{
	EACH_POLLER {
		struct port_number *at = port_number(p.state, pair[0]);
		CHECK(at->associated && at->events == 0);
		CHECK_EQ(poller_once(&p, 0), 0); /* writable, but nobody has asked */
		CHECK_EQ(load_relaxed(&pd->wg), SEM_NIL);
		p.backend->arm(pd, POLL_READ);
		p.backend->arm(pd, POLL_WRITE);
		CHECK_EQ(at->events, WORLD_IN | WORLD_OUT);
		poller_once(&p, -1); /* writable: the other direction stays asked for */
		CHECK_EQ(load_relaxed(&pd->wg), SEM_READY);
		CHECK_EQ(load_relaxed(&pd->rg), SEM_NIL);
		CHECK(at->associated && at->events == WORLD_IN);
		CHECK_EQ(pd->user, WORLD_IN);
		poll_unblock(pd);
		p.backend->arm(pd, POLL_WRITE);
		CHECK_EQ(at->events, WORLD_IN);
		poll_close(pd);
		CHECK(!at->associated && at->owner == NULL);
	}
}
