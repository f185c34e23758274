/* What the cases of leaving the poller beside the monitor share: worker 1 is in
 * the poller, processor 0 has a timer that is due, processor 1 is idle.
 */
#ifndef SCHED_MONITOR_CASE_H
#define SCHED_MONITOR_CASE_H

#include <stddef.h>

#include "sched/cases/sched_case.h"

#define SLEEP INT64_C(1000000000000)

static inline unsigned find_one(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct state *st = (struct state *)((char *)p - offsetof(struct state, s.poller));
	(void)delay;
	*waiters = -1;
	list[0] = &st->g[0].g;
	return 1;
}

/* got[0]: it has a processor. */
static inline void leave_poller(void *state, struct slot *me)
{
	struct state *st = state;
	struct M *m = state_as(st, 1);
	schedule_block(m);
	me->got[0] = m->p != NULL;
}

/* got[0]: it sleeps past the timer unless it is woken. */
static inline void go_to_sleep(struct state *st, struct slot *me)
{
	world_set_local(NULL);
	me->got[0] = monitor_nap(&st->s, world_now(), SLEEP) == SLEEP;
}

static inline void state_leaving(struct state *st)
{
	static const struct poll_backend backend = { .name = "case", .wake = case_backend_wake,
						     .poll = find_one };
	state_init(st);
	st->s.poller.backend = &backend;
	word_init(&st->s.poller.waiters, 1);
	word_init(&st->g[0].g.status, G_WAITING);
	st->timer = (struct timer){ .when = 1, .heap_index = 1, .home = state_p(st, 0) };
	st->heap[0] = &st->timer;
	state_p(st, 0)->timers.count = 1;
	word_init(&state_p(st, 0)->timers.first, 1);
	state_idle_worker(st, 2);
}

enum { KEPT, TOLD, TAKEN, WOKEN, LEFT };

static inline int judge_timer(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	/* relaxed: here and below, nothing moves any more */
	if (!slots[0].got[0] || load_relaxed(&st->s.last_poll) == 0)
		return -1;
	if (state_woken(st, 2))
		return WOKEN;
	if (st->m[1].p == (const struct P *)st->proc[0])
		return TAKEN;
	if (!slots[1].got[0])
		return KEPT;
	/* relaxed: as above */
	return load_relaxed(&st->s.monitor_note.key) != 0 ? TOLD : LEFT;
}

#define TIMER_OUTCOMES                                                                           \
	OUTCOMES({ "kept", NEAR, NO_FAILURE, "the monitor sleeps until the timer only" },        \
		 { "told", OK, NO_FAILURE, "the monitor was woken by who left" },                \
		 { "taken", OK, NO_FAILURE, "who left runs on the processor with the timer" },   \
		 { "woken", OK, NO_FAILURE, "another worker was woken" },                        \
		 { "left", BAD, LOST_WAKEUP,                                                     \
		   "an idle processor's timer is due, nobody polls, and the monitor sleeps" })

#endif
