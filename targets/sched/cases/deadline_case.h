/* What the cases of deadlines on the scheduler's timers share: a descriptor
 * whose read deadline is due, on processor 0's heap.
 */
#ifndef SCHED_DEADLINE_CASE_H
#define SCHED_DEADLINE_CASE_H

#include "poller/info.h"
#include "sched/cases/sched_case.h"

/* The engine's runtime, but timers are the scheduler's. */
static struct runtime case_runtime;

static inline void state_deadline(struct state *st)
{
	case_runtime = *runtime;
	case_runtime.timer_start = timers_start;
	case_runtime.timer_stop = timers_stop;
	runtime = &case_runtime;
	poll_desc_init(&st->pd, &st->s.poller);
	flag_set(&st->pd.rd, 1);
	st->pd.rt_armed = true;
	struct timers *h = &state_p(st, 0)->timers;
	st->pd.rt = (struct timer){ .when = 1, .fire = poll_read_deadline, .arg = &st->pd,
				    .seq = st->pd.rseq, .heap_index = 1,
				    .home = state_p(st, 0) };
	h->heap[0] = &st->pd.rt;
	h->count = 1;
	word_init(&h->first, 1);
}

/* The worker that has processor 0 looks at its timers. */
static inline void fire_deadlines(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	me->got[0] = timers_run(state_p(st, 0), 2);
}

#endif
