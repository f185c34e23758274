/* A deadline that fires although none is set, or no timer is armed, is told. */
#include <string.h>

#include "checks/misuse.h"
#include "poller/poller.h"

struct state {
	struct poller poller;
	struct poll_desc *pd;
	word32 number;
};

static void fire(struct state *s, int64_t deadline, bool armed, bool write)
{
	struct poll_desc *pd = s->pd;
	flag_set(&pd->rd, write ? 0 : deadline);
	flag_set(&pd->wd, write ? deadline : 0);
	pd->rt_armed = !write && armed;
	pd->wt_armed = write && armed;
	if (write)
		poll_write_deadline(pd, pd->wseq);
	else
		poll_read_deadline(pd, pd->rseq);
}

static void none_to_read(struct state *s)
{
	fire(s, 0, true, false);
}

static void past_to_read(struct state *s)
{
	fire(s, -1, true, false);
}

static void unarmed_to_read(struct state *s)
{
	fire(s, 1, false, false);
}

static void none_to_write(struct state *s)
{
	fire(s, 0, true, true);
}

static void past_to_write(struct state *s)
{
	fire(s, -1, true, true);
}

static void unarmed_to_write(struct state *s)
{
	fire(s, 1, false, true);
}

static void (*const misuse[])(struct state *) = {
	none_to_read, past_to_read, unarmed_to_read, none_to_write, past_to_write,
	unarmed_to_write
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
	must(false, "a misfire was not told");
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

CASE(misfires,
     .purpose = "deadlines that fire where none is set",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "counter", counter }, { "user", user } },
     .prepare = prepare, .judge = judge,
     THROWN(TOLD("read deadline fired, but none is set"),
	    TOLD("write deadline fired, but none is set")),
     CHECK_OUTCOMES);
