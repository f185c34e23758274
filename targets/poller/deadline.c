#include <stdint.h>

#include "poller/poller.h"

static bool combined(int64_t rd, int64_t wd)
{
	return rd > 0 && rd == wd;
}

static int64_t absolute(int64_t d)
{
	if (d <= 0)
		return d;
	int64_t now = world_now();
	return d > INT64_MAX - now ? INT64_MAX : now + d;
}

/* Brings one timer in line with its deadline; 0 or less: disarmed. An armed
 * timer that changes gets a new cookie first, so that a firing under way is
 * told apart. */
static void adjust_timer(struct poll_desc *pd, bool write, int64_t when, bool changed,
			 void (*fire)(void *, uintptr_t))
{
	bool *armed = write ? &pd->wt_armed : &pd->rt_armed;
	struct timer *t = write ? &pd->wt : &pd->rt;
	uintptr_t *seq = write ? &pd->wseq : &pd->rseq;
	if (*armed) {
		if (!changed)
			return;
		++*seq;
		if (when <= 0) {
			*armed = false;
			runtime->timer_stop(t);
			return;
		}
	} else if (when <= 0) {
		return;
	}
	*armed = true;
	runtime->timer_start(t, when, fire, pd, *seq);
}

void poll_set_deadline(struct poll_desc *pd, int64_t d, int modes)
{
	mutex_lock(&pd->lock);
	if (flag_get(&pd->closing)) {
		mutex_unlock(&pd->lock);
		return;
	}
	int64_t rd0 = flag_get(&pd->rd), wd0 = flag_get(&pd->wd);
	int64_t rd = rd0, wd = wd0;
	d = absolute(d);
	if (modes & POLL_READ) {
		rd = d;
		flag_set(&pd->rd, rd);
	}
	if (modes & POLL_WRITE) {
		wd = d;
		flag_set(&pd->wd, wd);
	}
	bool both = combined(rd, wd), regrouped = both != combined(rd0, wd0);
	adjust_timer(pd, false, rd, rd != rd0 || regrouped,
		     both ? poll_both_deadline : poll_read_deadline);
	adjust_timer(pd, true, both ? 0 : wd, wd != wd0 || regrouped, poll_write_deadline);
	struct g *taken[2];
	int waiters = 0;
	int expired = (rd < 0 ? POLL_READ : 0) | (wd < 0 ? POLL_WRITE : 0);
	poll_publish_and_take(pd, expired, taken, &waiters);
	mutex_unlock(&pd->lock);
	poll_ready_taken(pd, taken, waiters);
}

static void expire(struct poll_desc *pd, uintptr_t seq, int modes)
{
	mutex_lock(&pd->lock);
	uintptr_t current = modes & POLL_READ ? pd->rseq : pd->wseq;
#ifdef BUG_STALE_COOKIE
	/* dropped: the cookie is not compared. A firing overtaken by a change
	 * acts on the new deadline: stale_arm, or fatal where it was cleared;
	 * any machine. */
	current = seq;
#endif
	if (seq != current) {
		mutex_unlock(&pd->lock);
		return;
	}
	if (modes & POLL_READ) {
		if ((int64_t)flag_get(&pd->rd) <= 0 || !pd->rt_armed)
			world_fatal("read deadline fired, but none is set");
		flag_set(&pd->rd, -1);
	}
	if (modes & POLL_WRITE) {
		/* The combined timer is the read side's. */
		if ((int64_t)flag_get(&pd->wd) <= 0 || (!pd->wt_armed && !(modes & POLL_READ)))
			world_fatal("write deadline fired, but none is set");
		flag_set(&pd->wd, -1);
	}
	struct g *taken[2];
	int waiters = 0;
	poll_publish_and_take(pd, modes, taken, &waiters);
	mutex_unlock(&pd->lock);
	poll_ready_taken(pd, taken, waiters);
}

void poll_read_deadline(void *arg, uintptr_t seq)
{
	expire(arg, seq, POLL_READ);
}

void poll_write_deadline(void *arg, uintptr_t seq)
{
	expire(arg, seq, POLL_WRITE);
}

void poll_both_deadline(void *arg, uintptr_t seq)
{
	expire(arg, seq, POLL_READ | POLL_WRITE);
}
