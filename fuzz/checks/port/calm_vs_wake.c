/* A poll that does not wait lifts an alert that it was not meant by, while
 * another one that waits sees it and somebody alerts again: who waits next is
 * alerted. */
#include "base/threads.h"
#include "checks/must.h"
#include "poller/poller.h"
#include "port/port.h"

enum { ROOM = 128, SOON_NS = 1000 };

struct state {
	struct poller poller;
};

static void poll_nothing(struct state *s, int64_t delay)
{
	struct g *list[ROOM];
	int waiters;
	must(s->poller.backend->poll(&s->poller, delay, list, &waiters) == 0 && waiters == 0,
	     "somebody is ready for nothing");
}

static void looker(void *state, struct slot *me)
{
	poll_nothing(state, 0);
	came_through(me);
}

static void waiter(void *state, struct slot *me)
{
	struct state *s = state;
	poll_nothing(s, SOON_NS);
	s->poller.backend->wake(&s->poller);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	runtime = &threads_runtime;
	must(poller_start(&s->poller, &port_exact_backend) == 0, "nothing to begin with");
	s->poller.backend->wake(&s->poller);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	const struct port *port = s->poller.state;
	/* relaxed: nothing moves any more */
	return judge_two(slots, load_relaxed(&port->alerted) == 1 &&
					load_relaxed(&s->poller.wake_pending) == 1);
}

CASE(calm_vs_wake,
     .purpose = "an alert is lifted for a look while another poll sees it and is followed by one",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "looker", looker }, { "waiter", waiter } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
