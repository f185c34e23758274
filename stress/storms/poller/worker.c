/* What goroutines do in the churn storm: wait on descriptors, and disturb those
 * who wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>

#include "storms/poller/churn.h"

enum { CHUNK = 2048, GIVEN = 256, US = 1000 };
/* Turns of an empty loop, at most: jitter, so that the two meet in every
 * way. */
enum { BEFORE_WAITING = 512, BEFORE_DISTURBING = 3072 };

static struct runtime watched;

struct worker *self(void)
{
	return churn.ground->self();
}

/* For words that only their goroutine writes. */
static void bump(word64 *w)
{
	/* relaxed: its own; pairs with: the auditor's loads — what was
	 * announced
	 */
	store_release(w, load_relaxed(w) + 1);
}

static void count(struct worker *me, enum op op)
{
	bump(&me->op[op]);
}

/* --- park, watched --- */

struct watched_commit {
	struct worker *me;
	commit_fn *commit;
	void *arg;
};

static bool commit_watched(struct g *g, void *arg)
{
	struct watched_commit w = *(struct watched_commit *)arg;
	/* relaxed: the goroutine's, which has not gone on */
	uint64_t entering = load_relaxed(&w.me->park);
	if (!w.commit(g, w.arg))
		return false;
	/* It may have gone on since. The race lost: park_watched(). pairs with:
	 * the auditor's loads */
	cas_acq_rel(&w.me->park, &entering, entering + 1);
	return true;
}

static void park_watched(commit_fn *commit, void *arg)
{
	struct worker *me = self();
	struct watched_commit w = { me, commit, arg };
	uint32_t parks = me->g->parks;
	/* relaxed: its own */
	uint64_t serial = load_relaxed(&me->park);
	bump(&me->park);
	churn.ground->runtime->park(commit_watched, &w);
	/* pairs with: examine() */
	store_release(&me->park, serial + 3);
	/* relaxed: its own */
	if (load_relaxed(&me->mode) != 0)
		bump(me->g->parks != parks ? &me->commits : &me->aborts);
}

const struct runtime *churn_runtime(void)
{
	watched = *churn.ground->runtime;
	watched.park = park_watched;
	return &watched;
}

void announce(struct spot *s, struct poll_desc *pd, int fd, int mode)
{
	struct worker *me = self();
	/* relaxed: park's release publishes them to the auditor */
	store_relaxed(&me->spot, (uintptr_t)s);
	store_relaxed(&me->pd, (uintptr_t)pd);
	/* relaxed: likewise */
	store_relaxed(&me->fd, (uint32_t)fd);
	store_relaxed(&me->mode, (uint32_t)mode);
}

/* --- waiting --- */

static void pause_a_little(struct worker *me, uint32_t most)
{
	for (uint32_t n = rng_below(&me->rng, most); n > 0; n--)
		__asm__ volatile("");
}

static struct spot *any_spot(struct worker *me)
{
	return &churn.spots[rng_below(&me->rng, churn.nspots)];
}

/* Closes for the one who gets there first. In the gate. */
static bool close_spot(struct worker *me, struct spot *s)
{
	announce(s, NULL, -1, 0);
	if (fd_close(&s->f) != 0)
		return false;
	/* pairs with: spot_leave() — nobody enters from here on */
	fetch_add_acq_rel(&s->gate, 1);
	count(me, CLOSE);
	return true;
}

/* What a server does next: mends or closes what has failed. */
static void after(struct worker *me, struct spot *s, int mode, int64_t n)
{
	bool broken = n == 0 || (n < 0 && n != -EBADF && n != -ETIMEDOUT);
	if (n == -ETIMEDOUT && rng_below(&me->rng, 2)) {
		fd_set_deadline(&s->f, 0, mode);
		count(me, DEADLINE);
	} else if (broken && rng_below(&me->rng, 4) == 0) {
		close_spot(me, s);
	}
}

static bool wait_somewhere(struct worker *me)
{
	char bytes[CHUNK] = { 0 };
	struct spot *s = any_spot(me);
	if (!spot_enter(s))
		return false;
	int mode = s->kind == PIPE || rng_below(&me->rng, 3) == 0 ? POLL_WRITE : POLL_READ;
	bool mine = spot_claim(s, mode);
	if (mine) {
		announce(s, s->f.pd, s->f.fd, mode);
		/* relaxed: a hint to those who disturb */
		store_relaxed(&churn.latest, (uintptr_t)s);
		pause_a_little(me, BEFORE_WAITING);
		int64_t n = mode == POLL_READ ? fd_read(&s->f, bytes, sizeof bytes)
					      : fd_write(&s->f, bytes, sizeof bytes);
		announce(s, NULL, -1, 0);
		spot_unclaim(s, mode);
		count(me, mode == POLL_READ ? READ : WRITE);
		after(me, s, mode, n);
	}
	announce(NULL, NULL, -1, 0);
	spot_leave(s);
	return mine;
}

/* --- disturbing --- */

static bool set_deadline(struct worker *me, struct spot *s)
{
	uint32_t dice = rng_below(&me->rng, 100);
	int64_t d = dice < 40 ? 0 : dice < 60 ? -1
		    : dice < 85 ? 1 + (int64_t)rng_below(&me->rng, 2000 * US)
				: INT64_C(1000000) * US;
	return fd_set_deadline(&s->f, d, 1 + (int)rng_below(&me->rng, 3)) == 0;
}

/* Makes the descriptor readable or writable, or ends its input. */
static bool make_ready(struct worker *me, struct spot *s)
{
	char bytes[CHUNK] = { 0 };
	if (!spot_claim(s, CLAIM_PEER))
		return false;
	uint32_t dice = rng_below(&me->rng, 100);
	bool done = s->peer >= 0;
	if (done && s->kind != PIPE && dice < 60)
		world_write(s->peer, bytes, 1 + rng_below(&me->rng, GIVEN));
	else if (done && s->kind != PIPE && dice < 63)
		shutdown(s->peer, SHUT_WR);
	else if (done)
		for (int i = 0; i < 8 && world_read(s->peer, bytes, sizeof bytes) > 0; i++)
			;
	spot_unclaim(s, CLAIM_PEER);
	return done;
}

/* The other end goes away: a reset (TCP), a hang-up, or an error on a pipe. */
static bool abort_peer(struct spot *s)
{
	if (!spot_claim(s, CLAIM_PEER))
		return false;
	bool done = s->peer >= 0;
	if (done)
		world_close(s->peer);
	s->peer = -1;
	spot_unclaim(s, CLAIM_PEER);
	return done;
}

/* poll_reset() and an attempt that moves nothing and waits for nothing. */
static bool reset(struct worker *me, struct spot *s)
{
	int mode = s->kind == PIPE || rng_below(&me->rng, 2) ? POLL_WRITE : POLL_READ;
	char none;
	if (!spot_claim(s, mode))
		return false;
	if (mode == POLL_READ)
		fd_read(&s->f, &none, 0);
	else
		fd_write(&s->f, &none, 0);
	spot_unclaim(s, mode);
	return true;
}

/* Waits a little for the next goroutine that is about to wait. */
static struct spot *lurk(void)
{
	enum { LOOKS = 400 };
	/* relaxed: a hint; spots stay where they are */
	uintptr_t before = load_relaxed(&churn.latest), now = before;
	for (int i = 0; i < LOOKS && now == before; i++) {
		world_relax();
		now = load_relaxed(&churn.latest); /* relaxed: likewise */
	}
	return (struct spot *)now;
}

/* Where somebody is about to wait, where somebody waits, or anywhere. */
static struct spot *target(struct worker *me, enum op op)
{
	struct spot *s = NULL;
	uint32_t dice = rng_below(&me->rng, 4);
	if (dice < 2 && (op == CLOSE || op == DEADLINE))
		s = lurk();
	else if (dice < 2)
		s = (struct spot *)load_relaxed(&churn.latest); /* relaxed: a hint */
	else if (dice < 3)
		/* relaxed: a hint; spots stay where they are */
		s = (struct spot *)load_relaxed(
			&churn.workers[rng_below(&me->rng, churn.nworkers)].spot);
	return s ? s : any_spot(me);
}

static bool disturb(struct worker *me, enum op op)
{
	struct spot *s = target(me, op);
	if (!spot_enter(s))
		return false;
	pause_a_little(me, BEFORE_DISTURBING);
	bool done = op == CLOSE ? close_spot(me, s)
		    : op == DEADLINE ? set_deadline(me, s)
		    : op == READINESS ? make_ready(me, s)
		    : op == ABORT ? abort_peer(s) : reset(me, s);
	if (done && op != CLOSE)
		count(me, op);
	announce(NULL, NULL, -1, 0);
	spot_leave(s);
	return done;
}

static void open_again(struct worker *me, struct spot *s)
{
	bool first = s->generation == 0;
	if (spot_open(s))
		count(me, first ? OPEN : REOPEN);
	else
		spot_put_empty(s);
}

static void stir(struct worker *me)
{
	enum { TRIES = 8 };
	/* In hundredths; closing also makes work for reopening. */
	static const struct { enum op op; unsigned share; } mix[] = {
		{ CLOSE, 23 }, { DEADLINE, 22 }, { READINESS, 23 }, { RESET, 23 }, { ABORT, 9 },
	};
	struct spot *empty = spot_take_empty();
	if (empty) {
		open_again(me, empty);
		return;
	}
	uint32_t dice = rng_below(&me->rng, 100), i = 0;
	for (; dice >= mix[i].share; i++)
		dice -= mix[i].share;
	for (int tries = 0; tries < TRIES && !disturb(me, mix[i].op); tries++)
		;
}

/* --- a goroutine's life --- */

/* Closes what is open, and so frees who waits there. */
static void close_all(struct worker *me)
{
	for (unsigned i = 0; i < churn.nspots; i++) {
		struct spot *s = &churn.spots[(i + me->id * 97) % churn.nspots];
		if (spot_enter(s)) {
			close_spot(me, s);
			spot_leave(s);
		}
	}
	announce(NULL, NULL, -1, 0);
}

void worker_main(void *arg)
{
	struct worker *me = arg;
	me->g = runtime->current();
	/* pairs with: the auditor's store */
	while (load_acquire(&churn.stop) == 0) {
		bump(&me->turn);
		churn.ground->yield(me->waits && !wait_somewhere(me));
		for (uint32_t n = 1 + rng_below(&me->rng, 2); n > 0; n--) {
			bump(&me->turn);
			stir(me);
		}
	}
	bump(&me->turn);
	close_all(me);
	/* pairs with: the auditor's load — all that it did */
	store_release(&me->done, 1);
	/* pairs with: the auditor's load */
	fetch_add_acq_rel(&churn.running, (uint32_t)-1);
}
