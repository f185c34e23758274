/* One thread and one descriptor of the poller, against what its calls mean:
 * opening, readiness, errors, deadlines and their timers, closing. A wait that
 * would park is not begun. */
/* links: targets/poller/[bd]*.c targets/base/lock.c stress/world.c */
/* variants: BUG_EVENTERR_LOST BUG_STALE_COOKIE */
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "poller/poller.h"
#include "stress/world.h"

/* --- what it is told to be on --- */

static bool armed[2]; /* the timers of reading (or both) and writing */
static struct { void (*fire)(void *, uintptr_t); uintptr_t seq; } timer[2], old;
static struct poll_desc *pd;
enum { FD = 5 };

static unsigned which(const struct timer *t)
{
	return t == &pd->wt;
}

static void timer_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t), void *arg,
			uintptr_t seq)
{
	unsigned i = which(t);
	leave_check(arg == pd && when > 0, "a timer for nothing");
	if (armed[i]) {
		old.fire = timer[i].fire;
		old.seq = timer[i].seq;
	}
	armed[i] = true;
	timer[i].fire = fire;
	timer[i].seq = seq;
}

static void timer_stop(struct timer *t)
{
	unsigned i = which(t);
	if (armed[i]) {
		old.fire = timer[i].fire;
		old.seq = timer[i].seq;
	}
	armed[i] = false;
}

static void park(commit_fn *commit, void *arg)
{
	(void)commit;
	(void)arg;
	leave_check(false, "parks although it is ready or may not wait");
}

static const struct runtime still = { .name = "still", .park = park, .timer_start = timer_start,
				      .timer_stop = timer_stop };

static int fine(struct poller *p, struct poll_desc *d)
{
	(void)p;
	(void)d;
	return 0;
}

static int started(struct poller *p)
{
	(void)p;
	return 0;
}

static void stopped(struct poller *p)
{
	(void)p;
}

static const struct poll_backend none = { .name = "none", .start = started, .stop = stopped,
					  .open = fine, .close = fine };

/* --- what should be --- */

enum deadline { UNSET, AHEAD, OVER };
static struct { bool closing, error, ready[2]; enum deadline deadline[2]; } model;

static enum poll_error expected(int mode)
{
	if (model.closing)
		return POLL_CLOSING;
	if (model.deadline[mode == POLL_WRITE] == OVER)
		return POLL_TIMEOUT;
	return mode == POLL_READ && model.error ? POLL_NOT_POLLABLE : POLL_OK;
}

static void open_again(struct poller *p)
{
	leave_check(poll_open(p, FD, &pd) == 0, "opening fails");
	memset(&model, 0, sizeof model);
	memset(armed, 0, sizeof armed);
}

static void set_deadline(unsigned how)
{
	static const int64_t when[] = { -1, 0, INT64_C(1) << 40, INT64_C(1) << 50 };
	int modes = 1 + how / 4 % 3;
	poll_set_deadline(pd, when[how % 4], modes);
	for (int i = 0; i < 2 && !model.closing; i++)
		if (modes >> i & 1)
			model.deadline[i] = how % 4 == 0 ? OVER : how % 4 == 1 ? UNSET : AHEAD;
}

/* The timer fires: what it was armed with when it began. */
static void expire(unsigned i)
{
	if (!armed[i])
		return;
	bool both = timer[i].fire == poll_both_deadline;
	armed[i] = false;
	timer[i].fire(pd, timer[i].seq);
	if (i == 0)
		model.deadline[0] = OVER;
	if (i == 1 || both)
		model.deadline[1] = OVER;
}

/* A firing that was under way when its timer was changed. */
static void expire_late(void)
{
	if (old.fire)
		old.fire(pd, old.seq);
}

static void wait(int mode)
{
	bool *ready = &model.ready[mode == POLL_WRITE];
	if (!*ready && expected(mode) == POLL_OK)
		return;
	leave_check(poll_block(pd, mode, false) == *ready, "a wait ends for another reason");
	*ready = false;
}

static void event(unsigned what)
{
	struct g *list[2];
	int waiters = 0;
	/* Every other one is of an earlier generation. */
	bool stale = what & 4;
	model.error = stale ? model.error : what & 1;
	poll_set_event_error(pd, what & 1, stale ? pd->fd_seq % INFO_SEQ_MASK + 1 : pd->fd_seq);
	if (stale)
		return;
	int modes = 1 + what / 8 % 3;
	leave_check(poll_ready(pd, modes, list, &waiters) == 0, "somebody waited");
	for (int i = 0; i < 2; i++)
		model.ready[i] |= modes >> i & 1;
}

static void close_and_open(struct poller *p)
{
	if (!model.closing)
		poll_unblock(pd);
	leave_check(!armed[0] && !armed[1], "a timer outlives its descriptor");
	poll_close(pd);
	open_again(p);
}

static unsigned in_use;

static void count(struct poll_desc *d)
{
	in_use += d->fd == FD;
}

static void step(struct poller *p, unsigned what)
{
	int mode = what & 8 ? POLL_WRITE : POLL_READ;
	switch (what % 8) {
	case 0:
		set_deadline(what / 8);
		break;
	case 1:
		expire(mode == POLL_WRITE);
		break;
	case 2:
		expire_late();
		break;
	case 3:
		event(what / 8);
		break;
	case 4:
		wait(mode);
		break;
	case 5:
		if (poll_reset(pd, mode) == POLL_OK)
			model.ready[mode == POLL_WRITE] = false;
		break;
	case 6:
		if (!model.closing)
			poll_unblock(pd);
		model.closing = true;
		break;
	default:
		close_and_open(p);
	}
	leave_check(poll_check_error(pd, POLL_READ) == expected(POLL_READ) &&
			    poll_check_error(pd, POLL_WRITE) == expected(POLL_WRITE),
		    "what waiters are told is not what was done");
}

static void last_words(const char *message)
{
	leave_check(false, message);
	exit(1); /* a plain program has told it; nothing comes after this */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct poller p;
	runtime = &still;
	world_last_words = last_words;
	memset(&old, 0, sizeof old);
	if (poller_start(&p, &none) != 0)
		return 0;
	open_again(&p);
	for (size_t i = 0; i < size; i++)
		step(&p, data[i]);
	in_use = 0;
	poller_each(&p, count);
	leave_check(in_use == 1, "another number of descriptors is found than was ever opened");
	if (!model.closing)
		poll_unblock(pd);
	poll_close(pd);
	poller_stop(&p);
	return 0;
}
