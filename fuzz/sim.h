/* The simulation: one execution of a case on fibers, and its scheduling
 * decisions.
 *
 * A thread stands at its next operation (`op`) and waits to be chosen; once
 * chosen it performs the operation and runs, alone, to the one after it.
 * Besides threads there are pseudo-threads that a decision may choose: the
 * oldest buffered store of a thread reaches memory (models with store buffers),
 * and the clock moves to the next time-out. Every decision with more than one
 * option is recorded as one byte: the index into the options, of which 0 is "no
 * surprise" (store now, keep running the same thread).
 *
 * Loops that wait are made to end: after SPIN_READS equal reads of one location
 * in a row, or QUIET_READS reads while nobody writes anything, a thread is not
 * enabled until somebody writes that location, or anything. Where only such
 * threads are left they go on for GRACE_STEPS (a loop with a bound then ends);
 * after that all whose loops say that they wait (world_relax, world_yield) are
 * stranded and the judge's business, and with any other it is a livelock. So
 * "exhausted" is up to how often a loop looked in vain.
 *
 * An execution that outlasts the limit of steps goes on without the search: who
 * is next is cast by lot, which starves nobody, and loads read the newest
 * store. It is a livelock once FAIR_STEPS in a row have led no thread to a
 * place in the code where it was not since the limit.
 */
#ifndef FUZZ_SIM_H
#define FUZZ_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/case.h"
#include "fiber.h"
#include "memory/clock.h"

enum {
	FLUSH = MAX_THREADS,      /* FLUSH + t: t's oldest buffered store */
	CLOCK = 2 * MAX_THREADS,  /* the clock */
	OPTIONS = CLOCK + 1,
	NOBODY = -1,
	MAX_CHOICES = 1 << 15,
	/* Steps of a thread without a decision. With 32, PCT makes 7 % more
	 * executions a second of sched/serve and needs more of them: it learns
	 * of fewer places (port/reopen 163,000 for 61,000, answer 16,000 for
	 * 8,000, serve 7,500 for 4,400; medians of seven seeds). */
	MOST_AHEAD = 8,
	/* From here on, and in memory/weak.h, no verdict hangs on the numbers:
	 * with all of them halved, or doubled, each of 2,000 cells (case,
	 * variant; sc, armv8, c11) had the same and the same class. Doubled,
	 * one execution of a long check (armv8) took more than a minute on a
	 * loaded machine. */
	DEFAULT_STEPS = 20000,    /* then the execution goes on by lot */
	FAIR_STEPS = 20000,       /* in a row, all from places seen before: a livelock */
	SPIN_READS = 8,           /* equal reads of one location in a row */
	QUIET_READS = 64,         /* reads in a row while nobody writes anything */
	GRACE_STEPS = 2048        /* of spinners that nobody can serve: stranded */
};

enum op_kind {
	OP_LOAD, OP_STORE, OP_RMW, OP_FENCE, OP_PARK, OP_READY, OP_RESUME, OP_WAIT, OP_WAKE,
	OP_JOIN, OP_YIELD, OP_CALL, OP_FLUSH, OP_CLOCK
};

/* What a thread is about to do. Two operations depend on each other, so that
 * their order matters, iff their keys are equal and one of them writes; KEY_ALL
 * is equal to every key, KEY_NONE to none. */
enum { KEY_NONE = 0, KEY_ALL = 1 };
struct op {
	uintptr_t key;
	void *pc;
	uint8_t kind;
	bool write;
	bool drains; /* waits until the thread's store buffer is empty */
	uint32_t cause; /* the step that made it possible; 0: its own last */
};

enum thread_state { RUNNABLE, PARKED, SLEEPING, JOINING, FINISHED };

struct thread {
	_Alignas(512) struct fiber fiber; /* a power of two: self() is a shift */
	struct op op;
	enum thread_state state;
	uint8_t id;
	bool timed_out;
	/* --- waiting loops --- */
	uint32_t spin_count, quiet, relaxes;
	uintptr_t spin_key;
	uint64_t spin_value, quiet_changes;
	bool impatient;
	bool fresh;            /* has said it waits: reads the newest store next */
	uint8_t spurious;      /* weak compare-and-swaps that failed for no reason */
	/* --- happens-before --- */
	struct clock clock;
	struct clock acquired; /* what an acquire fence would add */
	struct clock released; /* what a release fence published */
	struct clock readied;  /* what whoever readied its goroutine knew */
	uint64_t past;         /* see past_add() */
	bool has_acquired, has_released, has_readied;
	bool tick_due;         /* its access has published its clock */
	/* --- the rest --- */
	void (*act)(void *, struct slot *); /* of an actor */
	void (*run)(void *);                /* of any other thread */
	void *arg;
	struct slot *slot;     /* of an actor; else NULL */
	struct g g;            /* of any other thread */
	uintptr_t sleep_on;    /* futex word, while SLEEPING */
	int64_t deadline;      /* time-out while SLEEPING; < 0: none */
	uint64_t queued;       /* place among the sleepers */
	uint64_t joiners;      /* threads that wait for this one to finish */
	uint32_t last_step, woken_by; /* steps: its own last; that made it go on */
	void *local;           /* world_local() */
	void *stack;
};

/* How an execution ended. */
enum stop {
	STOP_NONE,
	STOP_QUIET,     /* nobody can move: judge it */
	STOP_FATAL,     /* the target's own throw */
	STOP_RACE,
	STOP_GONE,      /* memory was used that had been given back */
	STOP_LIVELOCK,
	STOP_CRASH,
	STOP_REDUNDANT  /* the search knows an equivalent execution */
};

struct sim {
	bool on;                /* actors run: accesses go through the model */
	bool reduce;            /* sleep sets in force */
	bool remembers;         /* the search leaves states that it has met */
	bool bare;              /* nobody looks for data races; sc only */
	bool watched;           /* on, and not bare: plain accesses matter */
	bool blind;             /* a data race is no finding */
	bool gone;              /* some memory has been given back */
	uint8_t stop;
	uint8_t threads, actors;
	uint8_t unstarted;      /* actors that have not begun */
	int cur;                /* running thread, or NOBODY */
	struct thread *self;    /* the same: hooks ask all the time */
	uint64_t enabled;       /* bit per option */
	uint64_t soft;          /* threads that said they wait for somebody */
	uint64_t spinning;      /* threads that loop until another one writes */
	uint64_t hinted;        /* threads that said they wait or slept, since grace or
				 * the choice by lot began */
	uint64_t any_waiters;   /* of these, those that wait for any write */
	uint64_t buffered;      /* threads with a non-empty store buffer */
	uint64_t draining;      /* threads whose operation waits for that */
	uint64_t timed;         /* sleepers with a time-out */
	uint64_t sleep;         /* options known to be redundant here */
	uint64_t changes;       /* writes so far that changed a value */
	uint32_t steps, step_limit, grace, choices;
	uint32_t novel;         /* step, past the limit, that last went to a new place */
	uint32_t taken;         /* steps: by decision or not, and past the limit */
	/* The running thread goes on for so many steps without a decision, as
	 * long as these two are as they were; whether others could run. Of
	 * what was granted, the difference is not yet counted. */
	uint32_t ahead, granted;
	bool ahead_of_others;
	uint64_t ahead_enabled, ahead_soft;
	uint64_t cuts;          /* choices not offered, of the whole search */
	uint64_t queue;
	uint64_t past;          /* of the last operation that was no access */
	int64_t now;
	unsigned turn;          /* who was last, where everybody comes in turn */
	struct fiber *back;     /* whom a thread's beginning returns to */
	struct fiber main;
	const char *fatal;
	int signal;
	struct op flush[MAX_THREADS]; /* what FLUSH + t would do */
	struct thread thread[MAX_THREADS];
	uint8_t choice[MAX_CHOICES + MOST_AHEAD];
};

extern struct sim sim;
/* Counts executions, from 1: the stamp that makes older shadow state void. */
extern uint32_t sim_stamp;

static inline uint64_t bit(unsigned i)
{
	return 1ull << i;
}

static inline struct thread *self(void)
{
	struct thread *t = sim.self;
	/* Read once: after each store the compiler would do it again. */
	__asm__("" : "+r"(t));
	return t;
}

static inline bool depends(const struct op *a, const struct op *b)
{
	if (a->key == KEY_NONE || b->key == KEY_NONE)
		return false;
	if (a->key == KEY_ALL || b->key == KEY_ALL)
		return true;
	return a->key == b->key && (a->write || b->write);
}

/* A thread's past is a hash of all that its state follows from: what it has
 * done, and for each read, wake-up or call the past of whoever made the store,
 * woke it, or called before. So equal pasts are equal states of the threads and
 * of all plain memory that is theirs to look at. Kept while sim.remembers. */
static inline uint64_t past_mix(uint64_t past, uint64_t what)
{
	uint64_t x = past * 0x9e3779b97f4a7c15u + what;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline void past_add(struct thread *t, uint64_t what)
{
	if (__builtin_expect(sim.remembers, 0))
		t->past = past_mix(t->past, what);
}

/* Lets go those who wait for a store to `key`, or for any, of another thread
 * than `by`. */
void sim_release(unsigned by, uintptr_t key);

/* A store of a new value to `key` by thread `by`. */
static inline void sim_changed(unsigned by, uintptr_t key)
{
	sim.changes++;
	sim.grace = 0;
	sim.soft &= bit(by);
	if (sim.spinning & ~bit(by))
		sim_release(by, key);
}

/* Thread t read `value` there, or changed nothing there: recognises loops that
 * wait. */
static inline void sim_looked(struct thread *t, uintptr_t key, uint64_t value)
{
	if (t->spin_key == key && t->spin_value == value) {
		t->spin_count++;
	} else {
		t->spin_key = key;
		t->spin_value = value;
		t->spin_count = 1;
	}
	t->quiet = t->quiet_changes == sim.changes ? t->quiet + 1 : 1;
	t->quiet_changes = sim.changes;
}

/* Whether t takes its next step as it was granted: nothing has changed since,
 * and it does not wait. If so, the step is taken. */
static inline bool sim_goes_ahead(struct thread *t)
{
	if (sim.ahead == 0 || sim.enabled != sim.ahead_enabled || sim.soft != sim.ahead_soft ||
	    t->spin_count >= SPIN_READS || t->quiet >= QUIET_READS)
		return false;
	sim.ahead--;
	t->relaxes = 0;
	return true;
}

/* Counts the steps that were taken so. */
static inline void sim_settle(void)
{
	uint32_t n = sim.granted - sim.ahead;
	if (n == 0)
		return;
	sim.granted = sim.ahead;
	sim.steps += n;
	sim.taken += n;
	if (!sim.ahead_of_others)
		return;
	memset(sim.choice + sim.choices, 0, MOST_AHEAD);
	sim.choices += n;
}

/* That thread is the running one from now on. */
static inline void sim_now_runs(unsigned id)
{
	sim.cur = id;
	sim.self = &sim.thread[id];
}

/* Prepares the threads and stacks once. */
void sim_setup(void);
/* Begins an execution without threads. Not yet on: prepare() runs next. */
void sim_begin(void);
/* Adds a thread that will run fn(arg); before sim_run() as an actor (slot !=
 * NULL), after it as a child of the running thread. NULL: too many threads. */
struct thread *sim_thread(void (*fn)(void *), void *arg, struct slot *slot);
/* Runs every actor to its first operation, from the last to the first, so that
 * the first is the running one; then all threads until nobody can move. The
 * reason is in sim.stop. */
void sim_run(void);
/* Lets a new thread run to its first operation, then returns. */
void sim_start(struct thread *t);
/* Announces the running thread's next operation and returns when it is
 * chosen. */
void sim_step(enum op_kind kind, uintptr_t key, bool write, bool drains, void *pc);
/* A memory model's decision inside the running thread's operation: one of n
 * options, 0 the ordinary one. */
unsigned sim_choose(unsigned n);
/* The running thread cannot go on (state says why); returns when it is chosen
 * again. */
void sim_block(enum thread_state state);
/* Makes a blocked thread able to go on. */
void sim_unblock(struct thread *t);
/* Ends the execution at once. Does not return. */
_Noreturn void sim_stop(enum stop why);
/* What the store buffers hold has changed: t has one or not, and its oldest
 * store, made in step `since`. */
void sim_buffer(unsigned t, bool any, uintptr_t oldest, uint32_t since, void *pc);
/* Whether every actor has returned. */
bool sim_actors_done(void);
/* Says what the rig cannot do, and ends the program with status 2. */
_Noreturn void engine_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
