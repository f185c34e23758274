/* An M:N scheduler after the Go runtime's: goroutines (G) run on worker threads
 * (M), which need a processor (P) to do so. Facts from Go 1.4 to 1.22,
 * runtime/proc.go.
 *
 * A program is sched_run(): it starts P processors, runs a main goroutine and
 * returns when all goroutines have ended. What follows "from a goroutine" may
 * let another one run and come back on another thread: nothing that a thread
 * owns (errno, thread-local variables) may be kept across such a call.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "base/goroutine.h"
#include "poller/poller.h"

struct sched;

struct sched_config {
	unsigned procs;                     /* goroutines that run at once, 1 .. MOST_PROCS */
	const struct poll_backend *backend; /* of the poller; NULL: epoll */
	size_t stack_bytes; /* that a goroutine may use at most; 0: 1 MiB */
	/* Called first on every worker thread, with its number from 0; NULL:
	 * nothing to do. */
	void (*worker_started)(unsigned id);
	/* Called when every goroutine waits and nobody is left to ready one;
	 * must not return. NULL: fatal. */
	void (*deadlock)(struct sched *s);
	/* Called when every goroutine has ended and nothing has been given back
	 * yet: whoever looked on from outside must stop. NULL: nobody did. */
	void (*ended)(struct sched *s);
};

enum { MOST_PROCS = 256 };

/* What a run did; figures for reports. */
struct sched_counts {
	uint64_t started;    /* goroutines */
	uint64_t workers;    /* threads */
	uint64_t stops;      /* times the world was stopped */
	uint64_t handed_off; /* processors taken from system calls */
	uint64_t timers;     /* firings */
};

/* Runs fn(arg) as the first goroutine of a new scheduler and returns when every
 * goroutine has ended. Sets `runtime`. One scheduler at a time in a process.
 * counts: NULL, or what to fill in. Returns 0 or -errno. */
int sched_run(const struct sched_config *c, void (*fn)(void *arg), void *arg,
	      struct sched_counts *counts);

/* --- from a goroutine --- */

/* Starts a goroutine that runs fn(arg). */
void go(void (*fn)(void *arg), void *arg);
/* Lets others run. */
void go_yield(void);
/* Ends the calling goroutine. */
_Noreturn void go_exit(void);
/* Sleeps ns nanoseconds. */
void go_sleep(int64_t ns);
/* Yields if somebody wants to stop the world or has waited for long: for loops
 * that neither park nor call stack_need(). */
void go_check(void);
/* Room for so many bytes of stack in the calling function and those it calls
 * that do not ask themselves: at their entry, as a compiler's prologue would.
 * Also yields, as go_check(). */
void stack_need(size_t bytes);
/* Around a system call that may block: the processor may be given to others
 * meanwhile. In between: no park, no yield, no other call of this header. */
void syscall_enter(void);
void syscall_exit(void);
/* Stops every other goroutine; waits its turn if somebody else has stopped the
 * world. Until start_the_world() the caller may neither park nor yield. Only
 * goroutines stand still: a worker that polls may go on making goroutines
 * runnable. */
void stop_the_world(void);
void start_the_world(void);

/* --- from anywhere --- */

/* The seam of base/goroutine.h, implemented by this scheduler. park and current
 * are for goroutines only. */
extern const struct runtime sched_runtime;
/* The scheduler's poller, to open descriptors on. */
struct poller *sched_poller(void);

#endif
