/* An alert, and a look whether there is one: what was written before it is read
 * after. */
#include "base/threads.h"
#include "checks/must.h"
#include "port/port.h"

struct state {
	struct poller poller;
	int told;
};

static void alerter(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	s->told = 1;
	must(port_epoll_alert(s->poller.state, true) == 0, "not alerted");
}

static void looker(void *state, struct slot *me)
{
	struct state *s = state;
	struct port_event event;
	if (port_is_alerted(s->poller.state, &event))
		me->got[0] = s->told + 1;
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
	(void)state;
	return judge_two(slots, slots[1].got[0] != 1);
}

CASE(alert_vs_look,
     .purpose = "an alert, and a look whether there is one",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "alerter", alerter }, { "looker", looker } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
