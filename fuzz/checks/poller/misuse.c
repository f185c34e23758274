/* What no user of the poller may do is told. */
#include "checks/misuse.h"
#include "poller/info.h"
#include "poller/poller.h"

struct state {
	struct poller poller;
	struct poll_desc *pd;
};

/* relaxed, here and below: nobody else is there */
static void somebody_waits(wordptr *sem)
{
	store_relaxed(sem, SEM_WAIT);
}

static void unblock_twice(struct state *s)
{
	poll_unblock(s->pd);
	poll_unblock(s->pd);
}

static void close_at_once(struct state *s)
{
	poll_close(s->pd);
}

static void close_under_reader(struct state *s)
{
	poll_unblock(s->pd);
	somebody_waits(&s->pd->rg);
	poll_close(s->pd);
}

static void close_under_writer(struct state *s)
{
	poll_unblock(s->pd);
	somebody_waits(&s->pd->wg);
	poll_close(s->pd);
}

static void wait_twice(struct state *s)
{
	somebody_waits(&s->pd->rg);
	poll_block(s->pd, POLL_READ, false);
}

/* A deadline fires that is not set or over, or whose timer is not armed. */
static void misfire(struct state *s)
{
	static const struct { int64_t deadline; bool armed; } ways[] = {
		{ 0, false }, { 0, true }, { -1, true }, { 1, false }
	};
	unsigned way = world_choose(4);
	struct poll_desc *pd = s->pd;
	if (world_choose(2)) {
		flag_set(&pd->wd, ways[way].deadline);
		pd->wt_armed = ways[way].armed;
		poll_write_deadline(pd, pd->wseq);
	} else {
		flag_set(&pd->rd, ways[way].deadline);
		pd->rt_armed = ways[way].armed;
		poll_read_deadline(pd, pd->rseq);
	}
}

static void open_with_writer(struct state *s)
{
	poll_unblock(s->pd);
	poll_close(s->pd);
	somebody_waits(&s->pd->wg);
	poll_open(&s->poller, 0, &s->pd);
}

static void stop_at_once(struct state *s)
{
	poller_stop(&s->poller);
}

static void unlock_free(struct state *s)
{
	mutex_unlock(&s->pd->lock);
}

static void (*const misuse[])(struct state *) = {
	unblock_twice, close_at_once, close_under_reader, close_under_writer, wait_twice,
	misfire, open_with_writer, stop_at_once, unlock_free
};

static void user(void *state, struct slot *me)
{
	(void)me;
	ONE_OF(misuse)(state);
	not_told();
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	int fd[2];
	(void)slots;
	must(poller_start(&s->poller, &epoll_backend) == 0 && world_socketpair(fd) == 0 &&
		     poll_open(&s->poller, fd[0], &s->pd) == 0, "nothing to begin with");
}

CASE(misuse,
     .purpose = "what no user of the poller may do",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end,
     THROWN(TOLD("descriptor unblocked twice"), TOLD("descriptor closed without unblock"),
	    TOLD("a descriptor is closed under its waiter"),
	    TOLD("double wait on a descriptor"),
	    TOLD("read deadline fired, but none is set"),
	    TOLD("write deadline fired, but none is set"),
	    TOLD("a free descriptor has a waiter"),
	    TOLD("poller stopped while a descriptor is open"),
	    TOLD("unlock of a lock that is free")),
     CHECK_OUTCOMES);
