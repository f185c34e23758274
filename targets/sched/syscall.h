/* Processors in and out of system calls, and the monitor that takes them away
 * from long ones. */
#ifndef SCHED_SYSCALL_H
#define SCHED_SYSCALL_H

#include "sched/g.h"

/* m's processor goes into a system call: others may take it from here on. */
struct P *syscall_give(struct M *m);
/* Takes it back. False: somebody else has it, m has none. */
bool syscall_take_back(struct M *m);
/* Gives p, taken from a system call, to a worker if it has work, else makes it
 * idle, or stops it if the world is to stop. */
void syscall_hand_on(struct sched *s, struct P *p);
/* --- monitor.c --- */

/* What the monitor remembers of a processor: its figures, and since when they
 * have been so. */
struct proc_watch {
	uint32_t tick, calls;
	int64_t tick_since, calls_since;
};

/* The monitor thread; arg: the scheduler. */
void monitor_main(void *arg);
/* Its look at everything, at time now; watch: one of each processor. Returns
 * whether it did anything. */
bool monitor_look(struct sched *s, struct proc_watch *watch, int64_t now);
/* Wakes it if it sleeps. */
void monitor_wake(struct sched *s);
/* By who has left the poller, with last_poll set, for something to run: the
 * timers of idle processors are the monitor's. */
void monitor_keep(struct sched *s);
/* The monitor is about to sleep at time now, for ns: returns for how long it
 * may, so that no timer of an idle processor is forgotten. */
int64_t monitor_nap(struct sched *s, int64_t now, int64_t ns);

#endif
