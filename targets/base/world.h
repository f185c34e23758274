/* The world: everything a target asks of its surroundings.
 *
 * Two worlds implement this header: stress/world.c on Linux, and fuzz/world.c
 * with fibers, a virtual clock and simulated descriptors. A target includes no
 * other system header for anything that blocks, waits, tells the time or
 * touches a descriptor. Errors come back as negative errno values: a goroutine
 * may wake on another thread, where errno would be another thread's.
 */
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/order.h"

/* --- threads --- */

typedef struct { uintptr_t id; } world_thread;

/* Starts a thread that runs fn(arg). Returns 0 and sets *t, or -EAGAIN. */
int world_thread_start(world_thread *t, void (*fn)(void *), void *arg);
/* Waits until the thread has returned from fn. */
void world_thread_join(world_thread t);

/* One pointer per thread, NULL at first. Read anew after anything that may
 * park: a goroutine may wake on another thread. */
void world_set_local(void *p);
void *world_local(void);

/* --- futex: sleep while a word holds a value --- */

/* Sleeps while *w == expected, at most timeout_ns nanoseconds (< 0: no limit).
 * Returns 0 when woken, when *w differs, or spuriously; -ETIMEDOUT after the
 * limit. */
int world_futex_wait(word32 *w, uint32_t expected, int64_t timeout_ns);
/* Wakes up to n sleepers on w. Returns how many. */
int world_futex_wake(word32 *w, int n);

/* --- time and waiting --- */

/* Monotonic time in nanoseconds, never 0 or negative. */
int64_t world_now(void);
/* A hint inside a spin loop: the value waited for is another thread's to write.
 */
void world_relax(void);
/* The same, so many times as long. */
void world_relax_for(unsigned turns);
/* Lets another thread have the processor. */
void world_yield(void);

/* --- failure --- */

/* The target's own throw: an invariant is broken. One line, no newline. In a
 * case it ends the round with class `fatal`, elsewhere the process. Does not
 * return. */
_Noreturn void world_fatal(const char *message);

/* --- memory --- */

/* Zeroed, page-aligned memory; never NULL (running out is fatal). */
void *world_map(size_t bytes);
/* Gives back a whole region that world_map or world_reserve returned. */
void world_unmap(void *region, size_t bytes);
/* Bytes of a page: a power of two. Below, regions and bytes are whole pages. */
size_t world_page(void);
/* Address space without memory, to touch which is an error; NULL: none left. */
void *world_reserve(size_t bytes);
/* Zeroed memory in a part of a reserved region. Returns 0 or -ENOMEM. */
int world_commit(void *at, size_t bytes);
/* Takes memory away from a part of a reserved region again. */
void world_decommit(void *at, size_t bytes);
/* Gives back the memory of a region that stays accessible: it is zeroed. */
void world_discard(void *at, size_t bytes);
/* Moves the memory of a region that world_map returned to a part of a reserved
 * one, in place of what was there; the region is gone then. What runs on that
 * part meanwhile loses what it writes. Returns 0 or -ENOMEM, and then nothing
 * has moved. */
int world_move(void *from, void *to, size_t bytes);
/* The calling thread is going to run on small stacks: signals and the last
 * words of world_fatal() get a stack of their own. explain(address) is asked
 * about accesses to no memory: it returns what world_fatal() shall say, or
 * NULL, and then the access is a crash like any other. */
void world_small_stacks(const char *(*explain)(const void *address));

/* --- descriptors: all non-blocking and close-on-exec --- */

/* Each sets fd[0], fd[1] (pipe: read end, write end). Return 0 or -errno. */
int world_pipe(int fd[2]);
int world_socketpair(int fd[2]);
/* A counter descriptor (eventfd), initially 0. Returns the descriptor or
 * -errno. */
int world_eventfd(void);
/* A listening socket of this machine, for as many as 16 connections that wait
 * to be accepted; a new connection to the one with that descriptor, complete at
 * once; its other end. Return the descriptor or -errno (-EAGAIN: too many wait;
 * none does). */
int world_listen(void);
int world_connect(int listener);
int world_accept(int listener);
/* Like read(2), write(2), close(2): bytes (0 = end of file) or 0, else -errno.
 */
int64_t world_read(int fd, void *buffer, size_t bytes);
int64_t world_write(int fd, const void *buffer, size_t bytes);
int world_close(int fd);

/* --- readiness: epoll, with Linux's event bits --- */

#define WORLD_IN 0x001u
#define WORLD_OUT 0x004u
#define WORLD_ERR 0x008u
#define WORLD_HUP 0x010u
#define WORLD_RDHUP 0x2000u
#define WORLD_ONESHOT (1u << 30)
#define WORLD_EDGE (1u << 31)

struct world_event {
	uint32_t events;
	uint64_t data;
};

enum world_ctl { WORLD_ADD = 1, WORLD_DEL = 2, WORLD_MOD = 3 };

/* Which of `events`, or of ERR and HUP, hold now. Returns bits, or -EBADF. */
int world_ready(int fd, uint32_t events);
/* Returns the descriptor of a new instance, or -errno. */
int world_epoll_create(void);
/* Adds, removes or changes the interest in fd. Returns 0 or -errno. */
int world_epoll_ctl(int epoll, enum world_ctl op, int fd, uint32_t events, uint64_t data);
/* Fills up to n events. timeout_ms: < 0 waits for ever, 0 polls. Returns their
 * number (0 at the time-out) or -errno (-EINTR among them). */
int world_epoll_wait(int epoll, struct world_event *events, int n, int timeout_ms);

#endif
