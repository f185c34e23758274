/* What no user of the poller may do is told. */
#include "checks/misuse.h"
#include "poller/info.h"
#include "poller/poller.h"

struct state {
	struct poller poller;
	struct poll_desc *pd;
	word32 number;
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

static void fire_unset(struct state *s)
{
	poll_read_deadline(s->pd, s->pd->rseq);
}

static void fire_unset_write(struct state *s)
{
	poll_write_deadline(s->pd, s->pd->wseq);
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
	fire_unset, fire_unset_write, open_with_writer, stop_at_once, unlock_free
};

static void counter(void *state, struct slot *me)
{
	(void)me;
	misuse_count(&((struct state *)state)->number, MISUSES(misuse));
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	misuse[misuse_chosen(&s->number)](s);
	must(false, "a misuse was not told");
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	int fd[2];
	(void)slots;
	word_init(&s->number, 0);
	must(poller_start(&s->poller, &epoll_backend) == 0 && world_socketpair(fd) == 0 &&
		     poll_open(&s->poller, fd[0], &s->pd) == 0, "nothing to begin with");
}

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	(void)slots;
	return STUCK;
}

CASE(misuse,
     .purpose = "what no user of the poller may do",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "counter", counter }, { "user", user } },
     .prepare = prepare, .judge = judge,
     THROWN(TOLD("descriptor unblocked twice"), TOLD("descriptor closed without unblock"),
	    TOLD("a descriptor is closed under its waiter"),
	    TOLD("double wait on a descriptor"),
	    TOLD("read deadline fired, but none is set"),
	    TOLD("write deadline fired, but none is set"),
	    TOLD("a free descriptor has a waiter"),
	    TOLD("poller stopped while a descriptor is open"),
	    TOLD("unlock of a lock that is free")),
     CHECK_OUTCOMES);
