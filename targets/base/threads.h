/* A runtime of one thread per goroutine, with futexes and a timer thread. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include "base/goroutine.h"
#include "base/world.h"

struct thread_goroutine {
	struct g g;
	void (*fn)(void *arg);
	void *arg;
	world_thread thread;
};

/* Starts the timer thread. Only one such runtime exists at a time; set
 * `runtime` to &threads_runtime. Returns 0 or -errno. */
int threads_start(void);
/* Ends the timer thread; timers still armed never fire. No goroutine may be
 * left. */
void threads_stop(void);
/* Starts a goroutine that runs fn(arg). *t must live until
 * thread_goroutine_join(). Returns 0 or -errno. */
int thread_goroutine_start(struct thread_goroutine *t, void (*fn)(void *), void *arg);
void thread_goroutine_join(struct thread_goroutine *t);

extern const struct runtime threads_runtime;

#endif
