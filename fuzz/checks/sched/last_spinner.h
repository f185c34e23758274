/* Work is put, in some way, while the last worker that spins gives up: one of
 * the two must see the other.
 */
#ifndef FUZZ_CHECKS_SCHED_LAST_SPINNER_H
#define FUZZ_CHECKS_SCHED_LAST_SPINNER_H

#include "checks/sched/two.h"

enum { LEFT = 0 };

/* A submitter. */
static inline void ready_one(void *state, struct slot *me)
{
	struct state *st = state;
	(void)me;
	state_as(st, 0);
	runtime->ready(&st->g[0].g);
}

static void spinner(void *state, struct slot *me)
{
	me->got[LEFT] = idle_leave(state_as(state, 1));
}

static void spinner_prepare(struct state *st)
{
	two_begin(st);
	state_idle_worker(st, 2);
	st->m[0].cur = &st->g[1];
	st->m[1].spinning = true;
	word_init(&st->s.spinning, 1);
	runtime = &sched_runtime;
	word_init(&st->g[0].g.status, G_WAITING);
}

static int spinner_judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	if (slots[0].stranded || slots[1].stranded)
		return STUCK;
	if (status_seen(st, 0) != G_RUNNABLE || state_queued(st, 0, &st->g[0]) != 1)
		return -1;
	/* Who looks on has a processor, and who has one or is woken for it
	 * counts. relaxed: nothing moves any more */
	if (!slots[1].got[LEFT] != !!st->m[1].p ||
	    load_relaxed(&st->s.spinning) != (uint32_t)!slots[1].got[LEFT] + state_woken(st, 2))
		return -1;
	/* Else it waits beside an idle processor. */
	return !slots[1].got[LEFT] || state_woken(st, 2) ? CAME_THROUGH : STUCK;
}

#define SPINNER_CASE(submitter)                                                    \
	.state_size = sizeof(struct state), .state_align = _Alignof(struct state), \
	.actor = { { "submitter", submitter }, { "spinner", spinner } },           \
	.prepare = prepare, .judge = spinner_judge, CHECK_OUTCOMES

#endif
