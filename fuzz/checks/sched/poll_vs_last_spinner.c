/* A worker finds two by the poller, of which it runs one, while the last one
 * that spins gives up. */
#include "checks/sched/last_spinner.h"

static unsigned find_two(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct state *st = (struct state *)((char *)p - offsetof(struct state, s.poller));
	(void)delay;
	*waiters = 0;
	list[0] = &st->g[1].g;
	list[1] = &st->g[0].g;
	return 2;
}

static void submitter(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	must(schedule_poll_own(&st->s, state_as(st, 0)) == &st->g[1], "another one is run");
}

static void prepare(void *state, struct slot *slots)
{
	static const struct poll_backend backend = { .name = "case", .wake = case_backend_wake,
						     .poll = find_two };
	struct state *st = state;
	(void)slots;
	spinner_prepare(st);
	st->s.poller.backend = &backend;
	word_init(&st->g[1].g.status, G_WAITING);
}

CASE(poll_vs_last_spinner,
     .purpose = "a worker polls two while the last spinning worker goes idle",
     SPINNER_CASE(submitter));
