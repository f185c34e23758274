/* What the engine asks of the real world beyond base/world.h. */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include "base/world.h"

/* Set by a thread that runs actors of a case: no system call sits in a round.
 */
struct world_hooks {
	void (*wait)(void); /* instead of sleeping or yielding: look around, return */
	void (*fatal)(const char *message); /* ends the round; does not return */
};

extern _Thread_local const struct world_hooks *world_hooks;

/* Called by world_fatal() of a thread without hooks, before the process aborts;
 * NULL: nobody is told. */
extern void (*world_last_words)(const char *message);
/* Events that world_epoll_wait() has returned. */
extern word64 world_events;

#endif
