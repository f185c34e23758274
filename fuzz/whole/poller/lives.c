/* Descriptors from open to close and again, by two at once: deadlines, errors,
 * readiness and what the next life finds of them. Nobody waits. */
#include "poller/info.h"
#include "poller/poller.h"

enum { FAR = 1 << 30, LIVES = 2, BOTH = POLL_READ | POLL_WRITE };

struct state {
	struct poller poller;
	word32 arrived;
	uint32_t ended;
};

static void must(bool holds, const char *what)
{
	if (!holds)
		world_fatal(what);
}

/* Whether events that name this life are taken as its own. */
static bool takes_own(const struct poll_desc *pd)
{
#ifdef BARE_FLAGS
	return pd->fd_seq != 0; /* history compares none */
#else
	/* relaxed: nobody else knows it */
	return (load_relaxed(&pd->info) >> INFO_SEQ_SHIFT & INFO_SEQ_MASK) == pd->fd_seq;
#endif
}

static int backend_start(struct poller *p)
{
	(void)p;
	return 0;
}

static void backend_stop(struct poller *p)
{
	(void)p;
}

static int backend_open(struct poller *p, struct poll_desc *pd)
{
	(void)p;
	return pd->fd < 0 ? pd->fd : 0;
}

static int backend_close(struct poller *p, struct poll_desc *pd)
{
	(void)p;
	(void)pd;
	return 0;
}

static const struct poll_backend backend = { .name = "none", .start = backend_start,
					     .stop = backend_stop, .open = backend_open,
					     .close = backend_close };

static void says(struct poll_desc *pd, enum poll_error read, enum poll_error write)
{
	must(poll_check_error(pd, POLL_READ) == read, "a reader is told something else");
	must(poll_check_error(pd, POLL_WRITE) == write, "a writer is told something else");
}

/* Which timers are armed, and with what. */
static void armed(struct poll_desc *pd, void (*read)(void *, uintptr_t),
		  void (*write)(void *, uintptr_t))
{
	must(pd->rt_armed == (read != NULL) && (pd->rt.heap_index != 0) == (read != NULL),
	     "the read timer is not as it should be");
	must(pd->wt_armed == (write != NULL) && (pd->wt.heap_index != 0) == (write != NULL),
	     "the write timer is not as it should be");
	must(!read || (pd->rt.fire == read && pd->rt.seq == pd->rseq && pd->rt.arg == pd),
	     "the read timer would do something else");
	must(!write || (pd->wt.fire == write && pd->wt.seq == pd->wseq && pd->wt.arg == pd),
	     "the write timer would do something else");
}

static void deadlines(struct poll_desc *pd)
{
	poll_set_deadline(pd, FAR, POLL_READ);
	armed(pd, poll_read_deadline, NULL);
	must((int64_t)flag_get(&pd->rd) > FAR, "a deadline is not from now");
	uintptr_t stale = pd->rseq;
	poll_set_deadline(pd, 2 * (int64_t)FAR, POLL_READ);
	must(pd->rt.when == (int64_t)flag_get(&pd->rd), "a timer was not moved");
	poll_read_deadline(pd, stale);
	says(pd, POLL_OK, POLL_OK);
	poll_set_deadline(pd, FAR, POLL_WRITE);
	armed(pd, poll_read_deadline, poll_write_deadline);
	poll_write_deadline(pd, pd->wseq);
	says(pd, POLL_OK, POLL_TIMEOUT);
	poll_read_deadline(pd, pd->rseq);
	says(pd, POLL_TIMEOUT, POLL_TIMEOUT);
	poll_set_deadline(pd, 0, BOTH);
	says(pd, POLL_OK, POLL_OK);
	armed(pd, NULL, NULL);
	poll_set_deadline(pd, FAR, BOTH);
	armed(pd, poll_both_deadline, NULL);
	poll_both_deadline(pd, pd->rseq);
	says(pd, POLL_TIMEOUT, POLL_TIMEOUT);
	poll_set_deadline(pd, -1, POLL_READ);
	poll_set_deadline(pd, 0, POLL_WRITE);
	says(pd, POLL_TIMEOUT, POLL_OK);
	poll_set_deadline(pd, INT64_MAX, BOTH);
	must(flag_get(&pd->rd) == INT64_MAX && flag_get(&pd->wd) == INT64_MAX,
	     "a deadline beyond all time");
	says(pd, POLL_OK, POLL_OK);
	poll_set_deadline(pd, 0, POLL_READ);
	armed(pd, NULL, poll_write_deadline);
	poll_set_deadline(pd, FAR, POLL_READ);
}

static void readiness(struct poll_desc *pd)
{
	struct g *list[2];
	int waiters = 0;
	must(poll_ready(pd, BOTH, list, &waiters) == 0 && waiters == 0, "nobody waited");
	must(poll_block(pd, POLL_READ, false) && poll_block(pd, POLL_WRITE, false),
	     "readiness was not there");
	must(poll_ready(pd, POLL_READ, list, &waiters) == 0, "nobody waited");
	must(poll_reset(pd, POLL_READ) == POLL_OK, "there is nothing wrong");
	/* relaxed, both: nobody else knows it */
	must(load_relaxed(&pd->rg) == SEM_NIL && load_relaxed(&pd->wg) == SEM_NIL,
	     "readiness of an attempt before was left");
	poll_set_event_error(pd, true, pd->fd_seq);
	says(pd, POLL_NOT_POLLABLE, POLL_OK);
	poll_set_event_error(pd, false, pd->fd_seq + 1);
	says(pd, POLL_NOT_POLLABLE, POLL_OK);
	poll_set_event_error(pd, false, pd->fd_seq);
	says(pd, POLL_OK, POLL_OK);
	poll_set_event_error(pd, true, 0);
	must(poll_ready(pd, BOTH, list, &waiters) == 0, "nobody waited");
}

static void one(struct state *s, int fd)
{
	struct poll_desc *pd = NULL, *before = NULL;
	uint32_t seq = 0;
	must(poll_open(&s->poller, -9, &pd) == -9 && !pd, "the backend refused it");
	for (int life = 0; life < LIVES; life++) {
		must(poll_open(&s->poller, fd, &pd) == 0 && pd->fd == fd, "it cannot be opened");
		says(pd, POLL_OK, POLL_OK);
		armed(pd, NULL, NULL);
		/* relaxed, both: nobody else knows it */
		must(load_relaxed(&pd->rg) == SEM_NIL && load_relaxed(&pd->wg) == SEM_NIL,
		     "readiness of another life");
		must(!flag_get(&pd->rd) && !flag_get(&pd->wd), "a deadline of another life");
		must(pd != before || pd->fd_seq != seq, "two lives are told apart by nothing");
		before = pd;
		seq = pd->fd_seq;
		must(pd->fd_seq != 0 && takes_own(pd), "events of this life do not fit");
		deadlines(pd);
		readiness(pd);
		uintptr_t fires = pd->rseq, write_fires = pd->wseq;
		poll_unblock(pd);
		says(pd, POLL_CLOSING, POLL_CLOSING);
		armed(pd, NULL, NULL);
		poll_read_deadline(pd, fires);
		poll_write_deadline(pd, write_fires);
		poll_set_deadline(pd, FAR, BOTH);
		armed(pd, NULL, NULL);
		poll_close(pd);
	}
}

static void use(struct state *s, int fd)
{
	one(s, fd);
	/* pairs with: each other — the last one has all */
	if (fetch_add_acq_rel(&s->arrived, 1) == 0)
		return;
	uint32_t free = 0;
	for (struct poll_desc *pd = s->poller.first; pd; pd = pd->link) {
		must(++free <= s->poller.allocated, "the free list goes in a circle");
		must(takes_own(pd), "a free descriptor still takes events of its last life");
	}
	must(s->poller.in_use == 0 && free == s->poller.allocated && free > 0,
	     "descriptors were lost");
	/* relaxed: as above */
	must(load_relaxed(&s->poller.waiters) == 0, "somebody was counted as a waiter");
	poller_stop(&s->poller);
	must(!s->poller.first && !s->poller.blocks, "a stopped poller has descriptors");
	s->ended = 1;
}

static void left(void *state, struct slot *me)
{
	(void)me;
	use(state, 3);
}

static void right(void *state, struct slot *me)
{
	(void)me;
	use(state, 4);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *s = state;
	(void)slots;
	if (poller_start(&s->poller, &backend) != 0)
		world_fatal("no poller to begin with");
	word_init(&s->arrived, 0);
}

enum { WENT_WELL };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	return s->ended ? WENT_WELL : -1;
}

CASE(lives,
     .purpose = "descriptors opened, used and closed by two at once, twice",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "left", left }, { "right", right } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "went_well", OK, NO_FAILURE, "every life as the first" }),
     EXPECT({ "BUG_STALE_COOKIE", FATAL, EVERY_MODEL }));
