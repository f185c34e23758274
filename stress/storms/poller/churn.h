/* The parts of the churn storm: spots, what goroutines do with them, and the
 * audit.
 */
#ifndef STORMS_POLLER_CHURN_H
#define STORMS_POLLER_CHURN_H

#include "base/threads.h"
#include "engine/env.h"
#include "poller/fd.h"
#include "storms/storm.h"

/* --- spots: places that hold one descriptor after another --- */

enum kind { PAIR, TCP, PIPE };

/* Claims: at most one reader and one writer wait on a descriptor, and one
 * goroutine at a time handles the other end. */
enum { CLAIM_READ = POLL_READ, CLAIM_WRITE = POLL_WRITE, CLAIM_PEER = 4 };

struct spot {
	/* 2 per user; bit 0: closed. +2 by who enters, while it is open; +1 by
	 * the closer; -2 by who leaves; whoever leaves a closed one last owns
	 * it and puts it on the list of empty spots; 1 -> 0 by who opens it
	 * anew.
	 */
	word32 gate;
	word32 claims;     /* bits; each set and cleared by its holder */
	word32 counted;    /* the generation whose lost error has been reported */
	/* Written by the owner, read by users: */
	uint32_t generation;
	enum kind kind;
	struct poll_fd f;
	/* The other end, which the poller does not know; -1: gone.
	 * CLAIM_PEER's.
	 */
	int peer;
	struct spot *next; /* on the list of empty spots */
};

bool spot_enter(struct spot *s);
/* What spot_enter() had given may not be touched afterwards. */
void spot_leave(struct spot *s);
/* Returns whether the claim was free. For users of the spot. */
bool spot_claim(struct spot *s, uint32_t claim);
void spot_unclaim(struct spot *s, uint32_t claim);
/* An empty spot, which is the caller's now; NULL: there is none. */
struct spot *spot_take_empty(void);
void spot_put_empty(struct spot *s);
/* Opens a descriptor in the caller's empty spot, and the spot to users. False:
 * it is empty still, and the caller's. */
bool spot_open(struct spot *s);

/* --- goroutines --- */

enum op { READ, WRITE, OPEN, CLOSE, REOPEN, DEADLINE, READINESS, RESET, ABORT, OPS };

/* What goroutines, auditor and poller know of a goroutine. Words are written by
 * the goroutine only. */
struct worker {
	struct thread_goroutine t; /* of threads.c */
	struct g *g;               /* its own; set before it first parks */
	/* 3k: not in park; 3k + 1: entering; 3k + 2: its commit has
	 * succeeded */
	_Alignas(64) word64 park;
	word64 turn;  /* operations begun */
	wordptr pd;   /* where it waits or is about to; 0: it does not */
	wordptr spot; /* what it works on */
	word32 mode, fd;
	word32 done;
	word64 op[OPS], commits, aborts;
	_Alignas(64) unsigned id;
	bool waits; /* reads and writes, and not only disturbs */
	uint64_t rng;
};

/* Listeners for TCP connections, one user at a time. */
struct listener {
	struct poll_fd f;
	word32 busy;
	uint32_t address;
	uint16_t port;
};

enum { LISTENERS = 16, WAITERS = 192, MOST_WORKERS = 512 };

struct churn {
	const struct storm_order *order;
	const struct churn_ground *ground;
	struct poller *poller;
	struct spot *spots;
	unsigned nspots;
	struct worker *workers;
	unsigned nworkers;
	struct listener listener[LISTENERS];
	mutex empty_lock; /* guards empty */
	struct spot *empty;
	word32 stop;    /* goroutines end, and close all on their way */
	word32 running; /* goroutines that have not ended */
	word64 failed_opens;
	_Alignas(64) wordptr latest; /* the spot on which somebody is about to wait */
};

extern struct churn churn;

/* The goroutine that runs. */
struct worker *self(void);
/* A goroutine's life; arg is its worker. */
void worker_main(void *arg);
/* What `runtime` is in this storm: the ground's, with park watched. */
const struct runtime *churn_runtime(void);
/* Announces where the current goroutine is about to wait; mode 0: nowhere. */
void announce(struct spot *s, struct poll_desc *pd, int fd, int mode);

/* --- grounds --- */

/* What the storm stands on: a runtime, and whoever polls for it. Functions
 * without a word on it are the auditor's thread's. */
struct churn_ground {
	const struct runtime *runtime;
	/* The goroutine that runs; its own. */
	struct worker *(*self)(void);
	/* Between two turns of the goroutine that runs. vain: the last found
	 * nothing to do. */
	void (*yield)(bool vain);
	/* Starts runtime and poller, and sets `runtime` and churn.poller.
	 * Returns 0 or -errno. */
	int (*start)(const struct poll_backend *backend);
	/* Starts worker_main() for all workers; the same. */
	int (*start_workers)(void);
	/* Returns when everybody who might ready a goroutine has ended what he
	 * did, but for those of in_hand(), and the poller has then emptied its
	 * ready list. */
	void (*grace)(void);
	/* After a grace: whether the poller has taken the goroutine out of this
	 * park (its serial), and may yet ready it. NULL: not after a grace. */
	bool (*in_hand)(const struct worker *w, uint64_t park);
	/* Readies a goroutine that is parked where nobody finds it. Returns
	 * false if it moved after all. */
	bool (*free)(struct worker *w);
	/* All goroutines have ended: ends the runtime, and the poller if
	 * asked to. */
	void (*stop)(bool poller);
};

/* A thread per goroutine, and one that polls (threads.c). */
extern const struct churn_ground churn_threads;

/* --- the whole --- */

/* What storms of this kind have in common. */
#define CHURN                                                                            \
	.op = { "read", "write", "open", "close", "reopen", "deadline", "readiness",     \
		"reset", "abort" },                                                      \
	.descriptors = 4096, .fewest = 16, .files_each = 2, .files_more = 128

/* Storms until the order's end, on the order's backend. */
void churn_run(const struct storm_order *order, const struct churn_ground *ground);

/* --- audit --- */

/* Looks for what is lost, at once and by suspicions put to the proof; readies
 * what it proves lost. Returns how much it found. */
struct audit_found {
	uint64_t lost, stuck;
	uint64_t unseen; /* of those lost: taken by nobody knows whom */
};
/* The cheap look: waiters that an updater has passed by. */
struct audit_found audit_passed_by(void);
/* The whole look. */
struct audit_found audit_all(void);
/* Whether a goroutine waits. */
bool audit_waits(const struct worker *w);

#endif
