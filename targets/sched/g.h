/* The scheduler's structs: goroutines (G), workers (M), processors (P).
 * Internal to this target.
 */
#ifndef SCHED_G_H
#define SCHED_G_H

#include "base/case.h"
#include "base/lock.h"
#include "sched/context.h"
#include "sched/sched.h"
#include "sched/stack.h"

/* Status of a goroutine, in its struct g; these beside G_RUNNING, G_WAITING and
 * G_RUNNABLE. The status is also the lock on the goroutine's stack: whoever
 * holds it in G_COPYSTACK, or with G_SCAN added, may touch the stack. status.h
 * says who moves which to which. */
enum {
	G_IDLE = 3,     /* fresh memory */
	G_SYSCALL = 4,  /* in a system call; its worker's processor may be gone */
	G_DEAD = 5,     /* ended, or not begun */
	G_COPYSTACK = 6,
	G_SCAN = 0x1000
};

struct G {
	struct g g; /* first: the seam knows goroutines by it */
	struct sched *s;
	struct P *home;   /* that it ran on last; the running worker's */
	struct G *link;   /* in the queue or list it is on; its owner's */
	struct context context;
	struct gstack stack;
	void (*fn)(void *arg);
	void *arg;
	struct timer sleep;
	void *handles;    /* the collector's: what keeps objects of this goroutine alive */
};

/* What a worker does for the goroutine that has just left it, on the worker's
 * own stack. */
enum after { AFTER_PARK, AFTER_YIELD, AFTER_EXIT, AFTER_SYSCALL, AFTER_CALL };

struct M {
	struct G *cur;           /* runs, or has just left; NULL: none */
	struct P *p;             /* NULL: none, and no goroutine may run */
	struct sched *s;
	struct context context;  /* of the scheduling loop, on the thread's own stack */
	enum after after;
	commit_fn *commit;       /* of AFTER_PARK */
	void *commit_arg;
	void (*call)(void *arg); /* of AFTER_CALL */
	void *call_arg;
	struct P *old_p;         /* the one it had when its last system call began */
	struct P *next_p;        /* given with a wake; read after the note */
	bool spinning;           /* looks for work and is counted in s->spinning */
	bool wake_spins;         /* given with a wake: be spinning */
	uint64_t rng;
	note wake;
	/* What status_set() spins on and waits for, so that others see it.
	 * kept: for whoever watches from outside */
	wordptr spin_on;
	word32 spin_from;
	void (*help)(void *arg); /* given with a wake, instead of next_p */
	void *help_arg;
	struct M *idle_link;     /* s->idle_m; guarded by s->lock */
	struct M *all_link;      /* s->workers; constant once there */
	uint32_t id;
	world_thread thread;
};

/* P_IDLE -> P_RUNNING by a worker that took it off the idle list; P_RUNNING ->
 * P_SYSCALL and back by the worker that has it; P_SYSCALL -> P_IDLE or
 * P_STOPPED by whoever retakes it; P_RUNNING -> P_IDLE, P_STOPPED by the worker
 * that lets it go; P_IDLE -> P_STOPPED and back under s->lock. */
enum p_status { P_IDLE, P_RUNNING, P_SYSCALL, P_STOPPED };

/* Timers of a processor: a 4-ary heap by when. */
struct timers {
	mutex lock; /* guards the heap and its timers' fields */
	struct timer **heap;
	uint32_t count, room;
	/* When the first is due, for those without the lock; 0: none. Written
	 * under lock. */
	word64 first;
};

struct P {
	/* kept: Go's is seq_cst; hands over the processor's fields, of which
	 * the cases see none unordered */
	HOT word32 status;
	uint32_t id;
	struct sched *s;
	struct M *m;       /* that has it; the owner's */
	struct P *link;    /* idle list; guarded by s->lock */
	word32 tick;       /* goroutines scheduled here; written by the owner */
	word32 calls;      /* system calls begun */
	word32 preempt;    /* 1: whoever runs here shall yield; -> 0 by it */
	struct G *free;    /* dead goroutines for reuse; the owner's */
	uint32_t frees;
	void *cache;       /* the heap's, of this processor; the owner's */
	struct timers timers;
	/* Goroutines that other processors' workers have put here, linked: 0 or
	 * g -> g by them, g -> 0 by who takes them all. */
	HOT wordptr sent;
	/* The local queue: head is moved by who takes (owner and thieves, by
	 * swap), tail by the owner alone. next: runs before the queue; 0 -> g
	 * by the owner, g -> 0 by who takes it. */
	HOT wordptr next;
	HOT word32 head;
	HOT word32 tail;
	uint32_t mask;     /* slots - 1 */
	wordptr ring[];    /* a slot between head and tail holds a goroutine */
};

/* Slots of a local queue. Cases have fewer. */
enum { RING = 256 };

/* stop_wait, which the stopper reads without the lock. */
#ifdef BUG_STOPWAIT_BARE
typedef word32 count32;
#define count_get(c) bare_load(c)
#define count_set(c, x) bare_store(c, x)
#else
typedef uint32_t count32;
#define count_get(c) (*(c))
#define count_set(c, x) ((void)(*(c) = (x)))
#endif

struct sched {
	HOT mutex lock;          /* guards what says so */
	unsigned procs;          /* constant */
	struct P **p;            /* that many; constant */
	/* Global queue; guarded by lock. */
	struct G *first, *last;
	/* Read without the lock as a hint. */
	word32 queued;
	/* Idle lists; guarded by lock. */
	struct P *idle_p;
	/* Read without the lock. */
	HOT word32 idle_ps;
	struct M *idle_m;
	uint32_t idle_ms;        /* on idle_m; guarded by lock */
	/* Workers that look for work. */
	HOT word32 spinning;
	/* Stop the world. stopping: 1 from stop_the_world to start_the_world,
	 * written under lock. stop_wait: processors that have yet to stop;
	 * guarded by lock, and the stopper's alone once it was woken.
	 * kept: Go's is seq_cst; no case enters a system call meanwhile */
	HOT word32 stopping;
	count32 stop_wait;
	note stopped;
	/* 1: somebody stops the world or has stopped it. */
	word32 stopper;
	/* Poller. last_poll: when somebody polled last; 0: a worker is blocked
	 * in it. poll_until: until when that one blocks; 0: without end. kept:
	 * Go's are seq_cst; it is needed where a worker leaves the poller */
	HOT word64 last_poll;
	word64 poll_until;
	struct poller poller;
	/* The monitor: a thread without a processor. */
	/* 1: it sleeps for long, -> 0 by a system call that begins. kept: Go's
	 * is seq_cst; a glance that may be late */
	word32 monitor_sleeps;
	/* Until when it sleeps on monitor_note at most, -> 0 by who wakes it or
	 * by itself, awake. kept: the swaps; the note orders what there is */
	word64 monitor_until;
	note monitor_note;
	world_thread monitor;
	/* Goroutines. */
	mutex all_lock;          /* guards the rest of this part */
	struct G **all;
	uint32_t goroutines, all_room;
	struct G *free;          /* dead ones, beyond the processors' own */
	struct stacks stacks;
	/* Goroutines that have not ended. kept: the last one's end is the
	 * program's, who reads what they all did */
	word32 alive;
	/* Workers. */
	struct M *workers;       /* all, newest first; guarded by lock */
	uint32_t worker_count;
	/* 1: all goroutines have ended, workers return. kept: what they did is
	 * there for who sees it */
	word32 ending;
	note ended;
	const struct sched_config *config;
	word64 stops, handed_off, fired, started; /* figures */
};

/* --- start.c, worker.c --- */

/* The scheduler of this process, for those who are no workers. */
struct sched *sched_current(void);

/* The calling thread's worker, NULL outside of the scheduler. Never keep it
 * across a park or a yield. */
struct M *m_self(void);
/* The goroutine that calls, NULL if none. */
struct G *g_self(void);

/* --- for the collector --- */

/* All goroutines ever made, dead ones among them, and their number. Valid while
 * the world is stopped. */
struct G *const *all_goroutines(struct sched *s, unsigned *n);
/* With the world stopped: runs fn(arg) on up to `most` other workers at once,
 * and on the caller. Returns when all have returned, and how many they were.
 * Share the work by what arg points to. */
unsigned sched_help(unsigned most, void (*fn)(void *arg), void *arg);
/* Runs fn(arg) on the worker's own, large stack; fn may neither park nor yield.
 * From a goroutine, which keeps the worker meanwhile. */
void worker_call(void (*fn)(void *arg), void *arg);
/* Shrinks the goroutine's stack if it may and should be (status.c): it waits or
 * is runnable, and the world is stopped. Returns whether it moved. */
bool g_shrink(struct G *g);

#endif
