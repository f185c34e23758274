/* A reader blocks on the scheduler while the deadline's timer fires. */
#include "sched/cases/deadline_case.h"

/* The scheduler's own last step of parking; what follows is not a switch of
 * stacks, but looking until the goroutine is runnable. */
static void park_here(commit_fn *commit, void *arg)
{
	struct M *m = m_self();
	struct G *g = m->cur;
	m->commit = commit;
	m->commit_arg = arg;
	if (park_commit(m, g))
		/* pairs with: status_ready() — all that the waker did */
		while (load_acquire(&g->g.status) != G_RUNNABLE)
			world_relax();
	status_set(&g->g, G_RUNNABLE, G_RUNNING);
}

enum { EXPIRED_ALREADY = 1, TOLD = 2 };

static void blocker(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	if (poll_check_error(&st->pd, POLL_READ) != POLL_OK) {
		me->got[0] = EXPIRED_ALREADY;
		return;
	}
	if (poll_block(&st->pd, POLL_READ, false))
		return; /* readiness from nowhere */
	me->got[0] = TOLD;
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	state_init(st);
	state_run(st, 0);
	state_run(st, 1);
	state_deadline(st);
	case_runtime.park = park_here;
	case_runtime.ready = sched_runtime.ready;
	st->m[1].cur = &st->g[0];
	word_init(&st->g[0].g.status, G_RUNNING);
}

enum { FIRST, WOKEN, CALLED_OFF, REFUSED, LOST };

static int judge(const void *state, const struct slot *slots)
{
	struct state *st = (struct state *)state;
	const struct G *g = &st->g[0];
	if (!slots[0].got[0] || !(info_get(&st->pd) & INFO_READ_EXPIRED))
		return -1;
	if (slots[1].stranded)
		return LOST;
	if (slots[1].got[0] == EXPIRED_ALREADY)
		return FIRST;
	if (slots[1].got[0] != TOLD)
		return -1;
	return g->g.parks ? WOKEN : g->g.aborts ? CALLED_OFF : REFUSED;
}

CASE(deadline_vs_block,
     .purpose = "a reader parks on the scheduler while its deadline's timer fires",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "worker", fire_deadlines }, { "blocker", blocker } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "first", OK, NO_FAILURE, "the reader saw at once that it had expired" },
	      { "woken", OK, NO_FAILURE, "the reader parked and was woken" },
	      { "called_off", NEAR, NO_FAILURE, "taken out before its park was done" },
	      { "refused", NEAR, NO_FAILURE, "seen by the reader's second look" },
	      { "lost", BAD, LOST_WAKEUP, "parked although the deadline has expired" }),
     EXPECT({ "BUG_PARK_LATE", FATAL, EVERY_MODEL }));
