/* A descriptor made in memory that held something else is like any new one. */
#include <string.h>

#include "checks/must.h"
#include "poller/info.h"
#include "poller/poller.h"

enum { DIRT = 0xa5 };

struct state {
	struct poller poller;
	struct poll_desc pd;
};

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	struct poll_desc *pd = &s->pd;
	must(pd->link == NULL && pd->poller == &s->poller && pd->fd == -1 && pd->fd_seq == 1,
	     "a new descriptor is somebody's");
	/* relaxed: here and below, nobody else is there */
	must(load_relaxed(&pd->rg) == SEM_NIL && load_relaxed(&pd->wg) == SEM_NIL &&
		     load_relaxed(&pd->info) == 1u << INFO_SEQ_SHIFT,
	     "a new descriptor is ready, or in error");
	must(!pd->closing && !pd->rd && !pd->wd && !pd->user && !pd->drained,
	     "a new descriptor has a past");
	/* relaxed: as above */
	must(load_relaxed(&pd->ended) == 0, "a new descriptor is at its end");
	must(!pd->rseq && !pd->wseq && !pd->rt_armed && !pd->wt_armed && !pd->rt.heap_index &&
		     !pd->wt.heap_index, "a new descriptor has timers");
	mutex_lock(&pd->lock);
	mutex_unlock(&pd->lock);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	memset(&s->pd, DIRT, sizeof s->pd);
	poll_desc_init(&s->pd, &s->poller);
}

CASE(blank,
     .purpose = "a descriptor made in memory that held something else",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
