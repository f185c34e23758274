/* A goroutine's stack is scanned while it is made runnable. */
#include "sched/cases/sched_case.h"

/* got[0]: it held the stack; got[1]: the poller had come to spin by then. */
static void scanner(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	if (!status_scan(&st->g[0].g, G_WAITING))
		return;
	me->got[0] = 1;
	status_unscan(&st->g[0].g, G_WAITING);
}

static void waker(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	/* relaxed: a glance */
	me->got[0] = (load_relaxed(&st->g[0].g.status) & G_SCAN) != 0;
	sched_runtime.ready(&st->g[0].g);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	word_init(&st->g[0].g.status, G_WAITING);
}

enum { READY_FIRST, SCANNED_FIRST, MET };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (status_seen(st, 0) != G_RUNNABLE || state_queued(st, 1, &st->g[0]) != 1)
		return -1;
	if (!slots[0].got[0])
		return READY_FIRST;
	return slots[1].got[0] ? MET : SCANNED_FIRST;
}

CASE(scan_vs_ready,
     .purpose = "a goroutine is made runnable while its stack is scanned",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "scanner", scanner }, { "waker", waker } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "ready_first", OK, NO_FAILURE, "it was runnable when the scanner came" },
	      { "scanned_first", OK, NO_FAILURE, "the scan was over when the waker looked" },
	      { "met", NEAR, NO_FAILURE, "the waker saw the scan under way" }),
     EXPECT({ "BUG_READY_OVER_SCAN", FATAL, EVERY_MODEL }));
