/* The poller as a program runs it: goroutines on threads, the timer thread, the
 * polling thread, the epoll backend, descriptors; all of it simulated.
 *
 * The main actor is a goroutine too. It starts the others, waits for them and
 * ends the runtime; where it waits for ever, the judge reads who does not wake
 * and why not.
 */
#ifndef FUZZ_WHOLE_POLLER_WHOLE_H
#define FUZZ_WHOLE_POLLER_WHOLE_H

#include <errno.h>

#include "base/threads.h"
#include "poller/fd.h"
#include "poller/info.h"
#include "poller/loop.h"

/* The backend, which other targets name before this. */
#ifndef WHOLE_BACKEND
#define WHOLE_BACKEND epoll_backend
#endif

struct state {
	struct poller poller;
	word32 stop;
	world_thread loop;
	struct g main;
	struct thread_goroutine first, second;
	struct poll_fd a, b; /* the ends of one connection */
	struct poll_fd c, d; /* of another one, which some cases open later */
	uint32_t stale;      /* calls for somebody else's descriptor, as the backend counts */
	uint32_t ended;      /* the runtime was left in order */
};

static inline void whole_connect(struct state *s, struct poll_fd *a, struct poll_fd *b)
{
	int fd[2];
	if (world_socketpair(fd) != 0 || fd_open(a, &s->poller, fd[0]) != 0 ||
	    fd_open(b, &s->poller, fd[1]) != 0)
		world_fatal("too few descriptors");
}

static inline void whole_prepare(struct state *s)
{
	runtime = &threads_runtime;
	word_init(&s->stop, 0);
	word_init(&s->main.status, G_RUNNING);
	if (poller_start(&s->poller, &WHOLE_BACKEND) != 0)
		world_fatal("no poller to begin with");
	whole_connect(s, &s->a, &s->b);
}

static void whole_poll(void *state)
{
	struct state *s = state;
	poller_loop(&s->poller, &s->stop);
}

static inline void whole_start(struct state *s, void (*first)(void *), void (*second)(void *))
{
	world_set_local(&s->main);
	if (threads_start() != 0 || world_thread_start(&s->loop, whole_poll, s) != 0 ||
	    thread_goroutine_start(&s->first, first, s) != 0 ||
	    (second && thread_goroutine_start(&s->second, second, s) != 0))
		world_fatal("too few threads");
}

/* Goroutines are joined, descriptors closed. */
static inline void whole_end(struct state *s)
{
	/* pairs with: poller_loop() load — then it is woken */
	store_release(&s->stop, 1);
	WHOLE_BACKEND.wake(&s->poller);
	world_thread_join(s->loop);
	if (WHOLE_BACKEND.stale)
		s->stale = WHOLE_BACKEND.stale(&s->poller);
	threads_stop(); /* first: a timer may still fire for a closed descriptor */
	poller_stop(&s->poller);
	s->ended = 1;
}

/* A reader of `f` that never wakes although it should: closed, past its
 * deadline, or with something to read. */
enum reader { READER_GONE, READER_WAITS, READER_FORGOTTEN };

static inline enum reader whole_reader(const struct thread_goroutine *t, const struct poll_fd *f)
{
	/* relaxed: nothing moves any more */
	if (load_relaxed(&t->g.status) != G_WAITING)
		return READER_GONE;
	uint32_t info = info_get(f->pd);
	return info & (INFO_CLOSING | INFO_READ_EXPIRED) ? READER_FORGOTTEN : READER_WAITS;
}

/* Their flags are read and written without a lock wherever they are used. */
#define PLAIN_EXPECT                                                      \
	{ "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },                 \
	{ "BUG_BARE_FLAGS+plain", DATA_RACE, EVERY_MODEL },               \
	{ "BUG_RELEASE_DUMMY+plain", DATA_RACE, EVERY_MODEL },            \
	{ "BUG_RELEASE_ALL+plain", DATA_RACE, EVERY_MODEL }

#endif
