/* Deadlines against a model of them, under a runtime that only notes what it is
 * asked for: which timers run, with which cookies, who is readied, and that a
 * firing that came too late does nothing. */
#include <string.h>

#include "checks/must.h"
#include "kernel/kernel.h"
#include "poller/info.h"
#include "poller/poller.h"

enum { STEPS = 3000, LATE = 8, SIDES = 2, FIRST_SEQ = 1 };
#define FAR (INT64_C(1) << 50)

struct firing {
	void (*fn)(void *, uintptr_t);
	uintptr_t seq;
};

/* What the runtime knows of a timer; fn NULL: it does not run. */
struct noted {
	struct firing firing;
	int64_t when;
};

/* Of one direction, as the model has it. */
struct side {
	int64_t deadline; /* as flags: 0 none, < 0 expired */
	bool armed;
	uintptr_t seq;
	bool waits;
};

struct state {
	struct poller poller;
	struct poll_desc *pd;
	int fd[2];
	struct side side[SIDES];
	bool closing;
	struct firing late[LATE]; /* armings that are void */
	unsigned lates, starts;
	struct g g[SIDES];
};

/* The runtime's, of the one descriptor. */
static struct noted noted[SIDES];
static unsigned started;
static const struct g *readied[SIDES];
static const struct poll_desc *the_pd;

static struct noted *noted_of(const struct timer *t)
{
	must(t == &the_pd->rt || t == &the_pd->wt, "a timer is another's");
	return &noted[t == &the_pd->wt];
}

static void note_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t), void *arg,
		       uintptr_t seq)
{
	must(arg == the_pd && when > 0, "a timer is armed for nobody, or for no time");
	*noted_of(t) = (struct noted){ { fire, seq }, when };
	started++;
}

static void note_stop(struct timer *t)
{
	noted_of(t)->firing.fn = NULL;
}

static void note_ready(struct g *g)
{
	for (int i = 0; i < SIDES; i++)
		if (!readied[i]) {
			readied[i] = g;
			return;
		}
	must(false, "more are readied than wait");
}

static const struct runtime noting = { .name = "noting", .ready = note_ready,
				       .timer_start = note_start, .timer_stop = note_stop };

static bool both(const struct state *s)
{
	return s->side[0].deadline > 0 && s->side[0].deadline == s->side[1].deadline;
}

static void grow_late(struct state *s, struct firing f)
{
	if (f.fn)
		s->late[s->lates++ % LATE] = f;
}

/* Brings a side's timer in line. */
static void expect_timer(struct state *s, int i, int64_t when, bool changed)
{
	struct side *side = &s->side[i];
	if (side->armed && !changed)
		return;
	if (side->armed)
		grow_late(s, (struct firing){ i ? poll_write_deadline : poll_read_deadline,
					      side->seq++ });
	side->armed = when > 0;
	s->starts += when > 0;
}

static void expect_readied(struct state *s, int modes)
{
	unsigned n = 0;
	for (int i = 0; i < SIDES; i++)
		if (modes & (i ? POLL_WRITE : POLL_READ) && s->side[i].waits) {
			s->side[i].waits = false;
			must(readied[n++] == &s->g[i], "somebody else is readied, or nobody");
		}
	must(n == SIDES || !readied[n], "somebody is readied who waits on");
	readied[0] = readied[1] = NULL;
}

static int expired(const struct state *s)
{
	return (s->side[0].deadline < 0 ? POLL_READ : 0) |
	       (s->side[1].deadline < 0 ? POLL_WRITE : 0);
}

static void set(struct state *s, int64_t d, int modes)
{
	int64_t was[SIDES] = { s->side[0].deadline, s->side[1].deadline };
	bool were_both = both(s);
	poll_set_deadline(s->pd, d, modes);
	if (s->closing)
		return;
	int64_t now = world_now(), when = d <= 0 ? d : d > INT64_MAX - now ? INT64_MAX : now + d;
	for (int i = 0; i < SIDES; i++)
		if (modes & (i ? POLL_WRITE : POLL_READ))
			s->side[i].deadline = when;
	bool regrouped = both(s) != were_both;
	for (int i = 0; i < SIDES; i++)
		expect_timer(s, i, i && both(s) ? 0 : s->side[i].deadline,
			     s->side[i].deadline != was[i] || regrouped);
	expect_readied(s, expired(s));
}

static void fire(struct state *s, int i)
{
	struct noted n = noted[i];
	if (!n.firing.fn)
		return;
	noted[i].firing.fn = NULL; /* it runs no more */
	int modes = n.firing.fn == poll_both_deadline ? POLL_READ | POLL_WRITE :
		    i ? POLL_WRITE : POLL_READ;
	n.firing.fn(s->pd, n.firing.seq);
	for (int k = 0; k < SIDES; k++)
		if (modes & (k ? POLL_WRITE : POLL_READ))
			s->side[k].deadline = -1;
	expect_readied(s, modes);
}

/* As commit leaves them. */
static void wait(struct state *s, int i)
{
	wordptr *sem = i ? &s->pd->wg : &s->pd->rg;
	if (s->side[i].waits || s->closing || s->side[i].deadline < 0)
		return;
	sem_store(sem, (uintptr_t)&s->g[i]);
	/* relaxed: nobody else is there */
	fetch_add_relaxed(&s->poller.waiters, 1);
	s->side[i].waits = true;
}

static void next_life(struct state *s)
{
	struct poll_desc *was = s->pd;
	poll_unblock(s->pd);
	s->closing = true;
	for (int i = 0; i < SIDES; i++) {
		must(!noted[i].firing.fn, "a timer outlives the close");
		s->side[i].armed = false;
		s->side[i].seq++;
	}
	expect_readied(s, POLL_READ | POLL_WRITE);
	set(s, 1, POLL_READ | POLL_WRITE); /* is not heard */
	must(poll_check_error(s->pd, POLL_READ) == POLL_CLOSING &&
		     poll_check_error(s->pd, POLL_WRITE) == POLL_CLOSING, "a close is no close");
	uint32_t seq = s->pd->fd_seq;
	poll_close(s->pd);
	must(poll_open(&s->poller, s->fd[0], &s->pd) == 0 && s->pd == was, "not opened again");
	must(s->pd->fd_seq == seq + 1, "two lives are one generation");
	s->closing = false;
	for (int i = 0; i < SIDES; i++) {
		s->side[i].deadline = 0;
		s->side[i].seq++;
	}
}

static void compare_side(const struct state *s, int i)
{
	const struct side *side = &s->side[i];
	bool armed = side->armed && side->deadline > 0;
	must((i ? s->pd->wt_armed : s->pd->rt_armed) == side->armed, "a timer is armed, or not");
	must((i ? s->pd->wseq : s->pd->rseq) == side->seq, "another cookie");
	must(!noted[i].firing.fn == !armed, "a timer runs, or does not");
	must((int64_t)(i ? s->pd->wd : s->pd->rd) == side->deadline, "another deadline");
	must(poll_check_error(s->pd, i ? POLL_WRITE : POLL_READ) ==
		     (side->deadline < 0 ? POLL_TIMEOUT : POLL_OK), "whether time is over");
	must(sem_load(i ? &s->pd->wg : &s->pd->rg) == (side->waits ? (uintptr_t)&s->g[i] : 0),
	     "a waiter is not where it was");
	if (!armed)
		return;
	must(noted[i].when == side->deadline && noted[i].firing.seq == side->seq,
	     "a timer runs for another arming");
	must(noted[i].firing.fn == (i ? poll_write_deadline :
				    both(s) ? poll_both_deadline : poll_read_deadline),
	     "a timer does something else");
}

static void compare(const struct state *s)
{
	for (int i = 0; i < SIDES; i++)
		compare_side(s, i);
	must(started == s->starts, "a timer was started without need, or was not");
	/* relaxed: nobody else is there */
	must(load_relaxed((word32 *)&s->poller.waiters) ==
		     (uint32_t)s->side[0].waits + s->side[1].waits, "waiters are counted wrong");
	/* relaxed: as above */
	must(load_relaxed(&s->pd->info) >> INFO_SEQ_SHIFT == s->pd->fd_seq, "another generation");
}

static void step(struct state *s, uint32_t random)
{
	static const int64_t times[] = { -1, 0, 1000, 2000, 2000, FAR, INT64_MAX, -FAR };
	uint32_t which = random % 16, more = random / 16;
	if (which < 9)
		set(s, times[more % 8], 1 + (int)(more / 8 % 3));
	else if (which < 11)
		wait(s, (int)(more & 1));
	else if (which < 13)
		fire(s, (int)(more & 1));
	else if (which < 15 && s->lates > 0) {
		struct firing f = s->late[more % (s->lates < LATE ? s->lates : LATE)];
		f.fn(s->pd, f.seq); /* does nothing */
	} else if (more % 4 == 0) {
		next_life(s);
	}
}

static void user(void *state, struct slot *me)
{
	struct state *s = state;
	uint32_t random = 1;
	must(poller_start(&s->poller, &epoll_backend) == 0 && world_socketpair(s->fd) == 0 &&
		     poll_open(&s->poller, s->fd[0], &s->pd) == 0, "nothing to begin with");
	the_pd = s->pd;
	s->side[0].seq = s->side[1].seq = FIRST_SEQ;
	for (int i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		step(s, random >> 12);
		compare(s);
	}
	poll_unblock(s->pd);
	poll_close(s->pd);
	must(world_close(s->fd[0]) == 0 && world_close(s->fd[1]) == 0, "not closed");
	poller_stop(&s->poller);
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	memset(state, 0, sizeof(struct state));
	memset(noted, 0, sizeof noted);
	started = 0;
	readied[0] = readied[1] = NULL;
	runtime = &noting;
}

CASE(appointments,
     .purpose = "deadlines against a model of them",
     .whole = true,
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "user", user } },
     .prepare = prepare, .judge = judge_end, CHECK_OUTCOMES);
