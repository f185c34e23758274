/* What the engine asks of the real world beyond base/world.h. */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include <sys/syscall.h>
#include <unistd.h>

#include "base/world.h"

/* Set by a thread that runs actors of a case: nobody sleeps on a futex in a
 * round. A wake is the system call that it is elsewhere, and finds nobody:
 * windows that it lies in are as wide as they are. */
struct world_hooks {
	/* Called by world_relax(); NULL: that is only a pause. */
	void (*relax)(void);
	/* Instead of yielding (0) or sleeping on a futex (its limit, < 0 for
	 * none): look around, return. */
	void (*wait)(int64_t timeout_ns);
	void (*fatal)(const char *message); /* ends the round; does not return */
};

extern _Thread_local const struct world_hooks *world_hooks;

/* Called by world_fatal() of a thread without hooks, before the process aborts;
 * NULL: nobody is told. */
extern void (*world_last_words)(const char *message);
/* Events that world_epoll_wait() has returned. */
extern word64 world_events;

/* The end of the process in the middle of its work, from any thread. Sanitizers
 * tell nothing of what it leaves: threads that have ended and are to be
 * joined. */
static inline _Noreturn void world_leave(void)
{
	for (;;)
		syscall(SYS_exit_group, 0);
}

/* A hint to the processor, and nothing else. */
static inline void cpu_relax(void)
{
#if defined __x86_64__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("isb" ::: "memory"); /* `yield` is a no-op on most cores */
#endif
}

#endif
