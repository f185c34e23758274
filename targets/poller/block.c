#include "poller/poller.h"

#include "poller/info.h"

static wordptr *semaphore(struct poll_desc *pd, int mode)
{
	return mode == POLL_READ ? &pd->rg : &pd->wg;
}

enum poll_error poll_check_error(struct poll_desc *pd, int mode)
{
	uint32_t info = info_get(pd);
	if (info & INFO_CLOSING)
		return POLL_CLOSING;
	if (info & (mode == POLL_READ ? INFO_READ_EXPIRED : INFO_WRITE_EXPIRED))
		return POLL_TIMEOUT;
	/* An error on the write side is left to the next write, which can say
	 * more. */
	if (mode == POLL_READ && (info & INFO_EVENT_ERROR))
		return POLL_NOT_POLLABLE;
	return POLL_OK;
}

enum poll_error poll_reset(struct poll_desc *pd, int mode)
{
	enum poll_error error = poll_check_error(pd, mode);
	if (error == POLL_OK)
		/* pairs with: poll_take() — a READY put after this stays */
		sem_store(semaphore(pd, mode), SEM_NIL);
	return error;
}

/* park's last step: WAIT -> g, unless readiness, closing or expiry came
 * between. */
static bool commit(struct g *g, void *arg)
{
	wordptr *sem = arg;
	uintptr_t seen = SEM_WAIT;
	/* pairs with: poll_take() swap — the waiter's status, set before */
	bool committed = sem_cas(sem, &seen, (uintptr_t)g);
#ifdef BUG_COMMIT_IGNORED
	/* dropped: a failed commit calls the park off. The waiter parks
	 * although it was taken out: lost_wakeup, on any machine. */
	return true;
#endif
	return committed;
}

struct waiting {
	struct poll_desc *pd;
	wordptr *sem;
};

static bool commit_counted(struct g *g, void *arg)
{
	struct waiting *w = arg;
	struct poller *p = w->pd->poller;
	if (!commit(g, w->sem))
		return false;
	/* relaxed: only tells pollers whether anybody may be waiting */
	fetch_add_relaxed(&p->waiters, 1);
	return true;
}

bool poll_block(struct poll_desc *pd, int mode, bool ignore_errors)
{
	wordptr *sem = semaphore(pd, mode);
	for (;;) {
		uintptr_t seen = SEM_READY;
		/* pairs with: poll_take() swap — what made it ready */
		if (sem_cas(sem, &seen, SEM_NIL))
			return true;
		seen = SEM_NIL;
		/* pairs with: poll_take() load — WAIT, before info is read
		 * below */
		if (sem_cas(sem, &seen, SEM_WAIT))
			break;
		/* Readiness may have come between the two swaps; then try
		 * again. */
		if (seen != SEM_READY && seen != SEM_NIL)
			world_fatal("double wait on a descriptor");
	}
	/* Checked again now that WAIT is set: an updater publishes, then looks
	 * here. */
	/* unreached: poll_wait_canceled()'s, see there */
	if (ignore_errors || poll_check_error(pd, mode) == POLL_OK)
		runtime->park(commit_counted, &(struct waiting){ pd, sem });
	/* A readiness that came meanwhile must not be lost.
	 * pairs with: poll_take() swap */
	uintptr_t old = sem_exchange(sem, SEM_NIL);
	if (old > SEM_WAIT)
		world_fatal("descriptor still holds a waiter that woke");
	return old == SEM_READY;
}

enum poll_error poll_wait(struct poll_desc *pd, int mode)
{
	enum poll_error error = poll_check_error(pd, mode);
	if (error != POLL_OK)
		return error;
	const struct poll_backend *backend = pd->poller->backend;
	if (backend->arm)
		backend->arm(pd, mode);
	for (;;) {
		if (poll_block(pd, mode, false))
			return POLL_OK;
		error = poll_check_error(pd, mode);
		if (error != POLL_OK)
			return error;
		/* A deadline expired and was extended before we ran: wait on.
		 */
	}
}

/* unreached: for backends that cancel; none here does */
void poll_wait_canceled(struct poll_desc *pd, int mode)
{
	const struct poll_backend *backend = pd->poller->backend;
	if (backend->arm)
		backend->arm(pd, mode);
	while (!poll_block(pd, mode, true))
		;
}

struct g *poll_take(struct poll_desc *pd, int mode, bool ready, int *waiters)
{
	wordptr *sem = semaphore(pd, mode);
	for (;;) {
		/* pairs with: poll_block() swap to WAIT — after info was
		 * published */
		uintptr_t old = sem_load(sem);
		if (old == SEM_READY || (old == SEM_NIL && !ready))
			return NULL;
		uintptr_t new = ready ? SEM_READY : SEM_NIL;
#ifdef BUG_TAKE_SPLIT
		/* dropped: the swap compares. Two takers get the same goroutine
		 * and ready it twice: fatal, on any machine. pairs with:
		 * poll_block() */
		sem_store(sem, new);
#else
		/* The race lost: commit, or another taker. pairs with: commit()
		 */
		if (!sem_cas(sem, &old, new))
			continue;
#endif
		if (old <= SEM_WAIT)
			return NULL;
		*waiters -= 1;
		return (struct g *)old;
	}
}

unsigned poll_ready(struct poll_desc *pd, int modes, struct g **list, int *waiters)
{
	unsigned n = 0;
	for (int mode = POLL_READ; mode <= POLL_WRITE; mode++) {
		struct g *g = modes & mode ? poll_take(pd, mode, true, waiters) : NULL;
		if (g)
			list[n++] = g;
	}
	return n;
}

void poll_publish_and_take(struct poll_desc *pd, int modes, struct g *taken[2], int *waiters)
{
#ifndef BUG_PUBLISH_LATE
	info_publish(pd);
#endif
	taken[0] = modes & POLL_READ ? poll_take(pd, POLL_READ, false, waiters) : NULL;
	taken[1] = modes & POLL_WRITE ? poll_take(pd, POLL_WRITE, false, waiters) : NULL;
#ifdef BUG_PUBLISH_LATE
	/* moved: publishing belongs before taking. A waiter that checks between
	 * the two parks unseen: lost_wakeup, on any machine. */
	info_publish(pd);
#endif
}

void poll_ready_taken(struct poll_desc *pd, struct g *taken[2], int waiters)
{
	for (int i = 0; i < 2; i++)
		if (taken[i])
			runtime->ready(taken[i]);
	poller_adjust(pd->poller, waiters);
}

void poll_set_event_error(struct poll_desc *pd, bool error, uint32_t seq)
{
#ifdef BARE_FLAGS
	/* history: neither atomic nor compared with the descriptor's generation
	 */
	(void)seq;
	flag_set(&pd->event_error, error);
#else
	/* relaxed: the swap compares it */
	uint32_t seen = load_relaxed(&pd->info);
	for (;;) {
		uint32_t current = seen >> INFO_SEQ_SHIFT & INFO_SEQ_MASK;
		if (seq != 0 && current != seq)
			return; /* freed and opened again since the event */
		if (!(seen & INFO_EVENT_ERROR) == !error)
			return;
		/* The race lost: info_publish(). pairs with: info_get() — the
		 * bit, before the semaphore says READY */
		if (cas_seq_cst(&pd->info, &seen, seen ^ INFO_EVENT_ERROR))
			return;
	}
#endif
}
