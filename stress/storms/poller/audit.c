/* The storm's oracles: what is lost, told from states.
 *
 * One kind of loss shows at once. An updater publishes why nobody may wait any
 * longer, then takes the waiters, all under the descriptor's lock. So whoever
 * holds that lock and finds a reason published and a goroutine still in the
 * semaphore has found one that was passed by: no updater is left that would
 * take it.
 *
 * The others are suspicions first, for what is missing may be on its way: a
 * goroutine taken, and readied a moment later; an event that the poller has not
 * fetched yet. Such a state is put to the proof by a grace period: every
 * goroutine, the timers and the kernel's softirqs end what they did when the
 * suspicion arose, and after that the poller empties its ready list. A
 * state that lasts through all this, in the very same park, is one that nobody
 * is left to change. No clock is asked.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "poller/info.h"
#include "storms/poller/churn.h"

enum { CLOSED = 1, USER = 2, COMMITTED = 2, PARK_STEPS = 3 };

enum suspicion {
	NOTHING,
	PASSED_BY,    /* in the semaphore, a reason is published, no updater about */
	OUT_OF_SIGHT, /* parked, but where nobody would find it */
	OUTLIVED,     /* in the semaphore of a descriptor that was closed */
	NOT_TOLD,     /* in the semaphore, though its descriptor is ready */
	ALONE,        /* a closer that waits for references which nobody holds */
};

static const struct { enum failure failure; const char *what; } meaning[] = {
	[PASSED_BY] = { LOST_WAKEUP, "parked although closing or expiry is published" },
	[OUT_OF_SIGHT] = { LOST_WAKEUP, "parked, but no longer where a waker would look" },
	[OUTLIVED] = { LOST_WAKEUP, "parked although its descriptor was closed" },
	[NOT_TOLD] = { LOST_EVENT, "parked although the kernel calls it ready" },
	[ALONE] = { DEADLOCK, "a closer waits for references that nobody holds" },
};

static struct {
	enum suspicion why;
	uint64_t park;
} suspect[MOST_WORKERS];

/* --- looking at one goroutine --- */

bool audit_waits(const struct worker *w)
{
	/* pairs with: park_watched() store, ready() swap */
	return load_acquire(&w->g->status) == G_WAITING;
}

static wordptr *semaphore(struct poll_desc *pd, int mode)
{
	return mode == POLL_READ ? &pd->rg : &pd->wg;
}

static uint32_t reasons(int mode)
{
	return INFO_CLOSING | (mode == POLL_READ ? INFO_READ_EXPIRED : INFO_WRITE_EXPIRED);
}

/* Whether the goroutine is in the semaphore. Memory of descriptors stays, so
 * that an outdated pd does no harm: this goroutine is not in its semaphores. */
static bool is_in(struct worker *w, struct poll_desc *pd, int mode)
{
	/* pairs with: commit() swap */
	return sem_load(semaphore(pd, mode)) == (uintptr_t)w->g;
}

/* With the lock, for the flags of some variants are plain: a race detector is
 * to see their races, and none of the auditor's. */
static uint32_t info_locked(struct poll_desc *pd)
{
	mutex_lock(&pd->lock);
	uint32_t info = info_get(pd);
	mutex_unlock(&pd->lock);
	return info;
}

static bool passed_by(struct worker *w, struct poll_desc *pd, int mode)
{
#ifndef BARE_FLAGS
	/* A peek at the one atomic word mostly spares the lock. */
	if (!(info_get(pd) & reasons(mode)))
		return false;
#endif
	if (!is_in(w, pd, mode))
		return false;
	mutex_lock(&pd->lock);
	bool lost = (info_get(pd) & reasons(mode)) && is_in(w, pd, mode);
	mutex_unlock(&pd->lock);
	return lost;
}

static bool kernel_ready(int fd, int mode)
{
	struct pollfd p = { .fd = fd,
			    .events = mode == POLL_READ ? POLLIN | POLLRDHUP : POLLOUT };
	return poll(&p, 1, 0) == 1 && !(p.revents & POLLNVAL);
}

/* A closer in fd_close(). The spot's gate says who could hold a reference: it
 * and the auditor, and nobody else. */
static enum suspicion look_at_closer(struct worker *w, struct spot *s)
{
	if (!spot_enter(s))
		return NOTHING; /* the closer has left: it is not parked */
	/* pairs with: commit() swap, bump() */
	uintptr_t closer = load_acquire(&s->f.closer);
	uint32_t gate = load_acquire(&s->gate);
	enum suspicion why = NOTHING;
	if (closer != (uintptr_t)w->g)
		why = OUT_OF_SIGHT;
	else if (gate == 2 * USER)
		why = ALONE;
	spot_leave(s);
	return why;
}

static bool is_closed(struct spot *s)
{
	if (!s || !spot_enter(s))
		return false;
	/* pairs with: fd_close() swap */
	bool closed = load_acquire(&s->f.refs) & CLOSED;
	spot_leave(s);
	return closed;
}

/* park: in which park the goroutine is. */
static enum suspicion examine(struct worker *w, uint64_t *park)
{
	/* pairs with: bump() — what was announced */
	*park = load_acquire(&w->park);
	if (*park % PARK_STEPS != COMMITTED)
		return NOTHING;
	/* relaxed: of this park, if it is still the same below */
	struct spot *s = (struct spot *)load_relaxed(&w->spot);
	struct poll_desc *pd = (struct poll_desc *)load_relaxed(&w->pd);
	int mode = (int)load_relaxed(&w->mode), fd = (int)load_relaxed(&w->fd);
	/* pairs with: park_watched() store */
	if (load_acquire(&w->park) != *park || !audit_waits(w))
		return NOTHING;
	enum suspicion why = NOTHING;
	if (mode == 0)
		why = s ? look_at_closer(w, s) : NOTHING;
	else if (!is_in(w, pd, mode))
		why = OUT_OF_SIGHT;
	else if (passed_by(w, pd, mode))
		return PASSED_BY;
	else if (is_closed(s))
		why = OUTLIVED;
	else if (kernel_ready(fd, mode))
		why = NOT_TOLD;
	/* pairs with: as above */
	bool same = load_acquire(&w->park) == *park && audit_waits(w);
	return same ? why : NOTHING;
}

/* --- rescue --- */

/* Readies a goroutine in the target's place. Returns false if it moved after
 * all. */
static bool rescue(struct audit_found *found, struct worker *w, enum suspicion why)
{
	/* relaxed: it is still in the park that was examined */
	struct poll_desc *pd = (struct poll_desc *)load_relaxed(&w->pd);
	int mode = (int)load_relaxed(&w->mode);
	if (why == ALONE || mode == 0)
		return true; /* counted, and for the end of the slice */
	if (why == OUT_OF_SIGHT) {
		if (!churn.ground->free(w))
			return false;
		found->unseen++; /* and may be counted as waiting, or not */
	} else {
		uintptr_t g = (uintptr_t)w->g;
		/* pairs with: poll_block() exchange */
		if (!sem_cas(semaphore(pd, mode), &g, why == NOT_TOLD ? SEM_READY : SEM_NIL))
			return false;
		runtime->ready(w->g);
		poller_adjust(churn.poller, -1);
	}
	churn.order->counts->rescued++;
	return true;
}

static void report(struct audit_found *found, struct worker *w, enum suspicion why)
{
	if (!rescue(found, w, why))
		return;
	if (meaning[why].failure == DEADLOCK)
		found->stuck++;
	else
		found->lost++;
	churn.order->found(meaning[why].failure, meaning[why].what, 1);
}

/* --- lost errors --- */

/* A full pipe whose reader has gone: the kernel says error and nothing else,
 * now and until it is closed, so the poller must say that it is not
 * pollable. */
static bool error_missing(struct spot *s)
{
	bool missing = false;
	if (!churn.order->backend->tells_errors || !spot_enter(s))
		return false;
	/* relaxed: the auditor's own */
	if (s->kind == PIPE && load_relaxed(&s->counted) != s->generation &&
	    !(info_locked(s->f.pd) & INFO_EVENT_ERROR)) {
		struct pollfd p = { .fd = s->f.fd, .events = POLLIN | POLLOUT | POLLRDHUP };
		missing = poll(&p, 1, 0) == 1 && p.revents == POLLERR &&
			  /* pairs with: fd_close() swap */
			  !(load_acquire(&s->f.refs) & CLOSED);
	}
	spot_leave(s);
	return missing;
}

struct silent {
	struct spot *spot;
	uint32_t generation;
};

static unsigned silent_spots(struct silent *list, unsigned room)
{
	unsigned n = 0;
	for (unsigned i = 0; i < churn.nspots && n < room; i++)
		if (error_missing(&churn.spots[i]))
			list[n++] = (struct silent){ &churn.spots[i], 0 };
	return n;
}

static void report_silent(struct audit_found *found, const struct silent *s)
{
	if (!error_missing(s->spot) || !spot_enter(s->spot))
		return;
	if (s->spot->generation == s->generation) {
		/* relaxed: the auditor's alone */
		store_relaxed(&s->spot->counted, s->generation);
		found->lost++;
		churn.order->found(LOST_ERROR, "a deadline or close wiped the event error", 1);
	} else {
		churn.order->counts->cleared++;
	}
	spot_leave(s->spot);
}

/* --- the audit --- */

static bool in_hand(const struct worker *w, uint64_t park)
{
	const struct churn_ground *ground = churn.ground;
	return ground->in_hand && ground->in_hand(w, park);
}

struct audit_found audit_passed_by(void)
{
	struct audit_found found = { 0 };
	for (unsigned i = 0; i < churn.nworkers; i++) {
		struct worker *w = &churn.workers[i];
		/* pairs with: announce(), park_watched() */
		uint64_t park = load_acquire(&w->park);
		if (park % PARK_STEPS != COMMITTED)
			continue;
		/* relaxed: is_in() finds out whether they are of one park */
		struct poll_desc *pd = (struct poll_desc *)load_relaxed(&w->pd);
		int mode = (int)load_relaxed(&w->mode);
		if (mode != 0 && pd && passed_by(w, pd, mode))
			report(&found, w, PASSED_BY);
	}
	return found;
}

static unsigned generation_of(struct spot *s)
{
	unsigned generation = 0;
	if (spot_enter(s)) {
		generation = s->generation;
		spot_leave(s);
	}
	return generation;
}

struct audit_found audit_all(void)
{
	enum { MOST_SILENT = 256 };
	static struct silent silent[MOST_SILENT];
	struct audit_found found = audit_passed_by();
	unsigned suspects = 0, quiet = silent_spots(silent, MOST_SILENT);
	for (unsigned i = 0; i < quiet; i++)
		silent[i].generation = generation_of(silent[i].spot);
	for (unsigned i = 0; i < churn.nworkers; i++) {
		suspect[i].why = examine(&churn.workers[i], &suspect[i].park);
		suspects += suspect[i].why != NOTHING;
	}
	if (suspects + quiet == 0)
		return found;
	churn.ground->grace();
	churn.order->counts->graces++;
	for (unsigned i = 0; i < quiet; i++)
		report_silent(&found, &silent[i]);
	for (unsigned i = 0; i < churn.nworkers; i++) {
		uint64_t park;
		if (suspect[i].why == NOTHING)
			continue;
		if (examine(&churn.workers[i], &park) == suspect[i].why &&
		    park == suspect[i].park && !in_hand(&churn.workers[i], park))
			report(&found, &churn.workers[i], suspect[i].why);
		else
			churn.order->counts->cleared++;
	}
	return found;
}
