/* More descriptors than a block has room for, twice: each is one of its own,
 * all are shown, and a second life knows nothing of the first. */
#include <string.h>

#include "base/threads.h"
#include "checks/must.h"
#include "poller/info.h"
#include "poller/poller.h"
#include "world.h"

enum { PAIRS = 22, MANY = 2 * PAIRS, LIVES = 2 };

struct state {
	struct poller poller;
	int fd[MANY];
	struct poll_desc *pd[MANY];
};

static unsigned shown, shown_open;

static void look(struct poll_desc *pd)
{
	must(pd->poller == NULL || pd->fd_seq != 0, "what is shown is no descriptor");
	shown++;
	shown_open += !pd->closing && pd->fd >= 0;
}

/* As a life may leave it. */
static void soil(struct poll_desc *pd)
{
	pd->drained = true;
	pd->user = 1;
	poll_ended(pd);
	poll_set_deadline(pd, -1, POLL_READ | POLL_WRITE);
	poll_set_event_error(pd, true, 0);
	sem_store(&pd->rg, SEM_READY);
	sem_store(&pd->wg, SEM_READY);
}

static void must_be_fresh(const struct state *s, int i)
{
	struct poll_desc *pd = s->pd[i];
	must(pd->fd == s->fd[i] && pd->poller == &s->poller, "a descriptor is another's");
	must(!pd->drained && !pd->user && !pd->closing, "a descriptor has a past");
	/* relaxed: nobody else is there */
	must(load_relaxed(&pd->ended) == 0, "a descriptor is at its end");
	must(sem_load(&pd->rg) == SEM_NIL && sem_load(&pd->wg) == SEM_NIL,
	     "a descriptor is ready from an earlier life");
	must(poll_check_error(pd, POLL_READ) == POLL_OK &&
		     poll_check_error(pd, POLL_WRITE) == POLL_OK,
	     "a descriptor has an earlier life's error");
	for (int k = 0; k < i; k++)
		must(s->pd[k] != pd, "two descriptors are one");
}

static void live(struct state *s)
{
	for (int i = 0; i < MANY; i++) {
		must(poll_open(&s->poller, s->fd[i], &s->pd[i]) == 0, "not opened");
		must(s->poller.in_use == (uint32_t)i + 1, "descriptors are counted wrong");
		must_be_fresh(s, i);
	}
	shown = shown_open = 0;
	poller_each(&s->poller, look);
	must(shown == s->poller.allocated && shown_open == MANY, "not all are shown once");
	for (int i = 0; i < MANY; i++) {
		soil(s->pd[i]);
		poll_unblock(s->pd[i]);
		sem_store(&s->pd[i]->rg, SEM_READY);
		poll_close(s->pd[i]);
		must(s->poller.in_use == MANY - 1 - (uint32_t)i, "descriptors are counted wrong");
	}
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	must(poller_start(&s->poller, &epoll_late_backend) == 0, "no poller");
	for (int i = 0; i < PAIRS; i++)
		must(world_socketpair(&s->fd[2 * i]) == 0, "no descriptors to begin with");
	unsigned regions = world_regions();
	live(s);
	must(world_regions() >= regions + 2, "all fit into one block");
	regions = world_regions();
	uint32_t allocated = s->poller.allocated;
	for (int i = 1; i < LIVES; i++)
		live(s);
	must(s->poller.allocated == allocated && world_regions() == regions,
	     "free descriptors are not used again");
	for (int i = 0; i < MANY; i++)
		must(world_close(s->fd[i]) == 0, "not closed");
	poller_stop(&s->poller);
	must(!s->poller.blocks && !s->poller.first && world_regions() == 0,
	     "memory was not given back");
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	memset(state, 0, sizeof(struct state));
	runtime = &threads_runtime;
}

CASE(roomful,
     .purpose = "more descriptors than a block of them has room for, twice",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
