/* Two who are the first to ask for a number of a chunk: they get the same one,
 * and its lock is one. */
#include "base/threads.h"
#include "checks/must.h"
#include "port/port.h"

enum { FD = PORT_CHUNK + 1, ACTORS = 2 };

struct state {
	struct poller poller;
	struct port_number *number[ACTORS];
};

static void count(struct state *s, int actor)
{
	struct port_number *at = port_number(s->poller.state, FD);
	mutex_lock(&at->lock);
	at->serial++;
	mutex_unlock(&at->lock);
	s->number[actor] = at;
}

static void left(void *state, struct slot *me)
{
	(void)me;
	count(state, 0);
}

static void right(void *state, struct slot *me)
{
	(void)me;
	count(state, 1);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	runtime = &threads_runtime;
	must(poller_start(&s->poller, &port_exact_backend) == 0, "nothing to begin with");
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	bool same = s->number[0] == s->number[1] && s->number[0]->serial == ACTORS;
	return same ? CAME_THROUGH : -1;
}

CASE(numbers,
     .purpose = "two who are the first to ask for a number of a chunk",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", left }, { "right", right } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
