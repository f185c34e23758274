/* A reader and a writer wait for one descriptor of an event port; while the
 * writer's event is on its way the descriptor is closed, and its number opened
 * again: nobody asks for the reader's direction with a number that is somebody
 * else's, or nobody's. */
#define WHOLE_BACKEND port_exact_backend
#include "port/port.h"
#include "whole/poller/whole.h"

enum { BLOCK = 2000 };

static void reader(void *state)
{
	struct state *s = state;
	char byte;
	fd_read(&s->a, &byte, 1);
}

/* Until it has filled the connection, and then until it is closed. */
static void writer(void *state)
{
	struct state *s = state;
	char block[BLOCK] = { 0 };
	while (fd_write(&s->a, block, sizeof block) > 0)
		;
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	char block[4 * BLOCK];
	(void)me;
	whole_start(s, reader, writer);
	fd_read(&s->b, block, sizeof block);
	fd_close(&s->a);
	whole_connect(s, &s->c, &s->d);
	thread_goroutine_join(&s->first);
	thread_goroutine_join(&s->second);
	fd_close(&s->b);
	fd_close(&s->c);
	fd_close(&s->d);
	whole_end(s);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	whole_prepare(state);
}

enum { CLOSED, STALE };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	return !s->ended ? -1 : s->stale ? STALE : CLOSED;
}

CASE(both_ways,
     .purpose = "the whole poller over an event port: two directions, a close, a number reused",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "closed", OK, NO_FAILURE, "both came back from the closed descriptor" },
	      { "stale", BAD, STALE_ARM,
		"an association with the number's next owner, who did not make it" }),
     EXPECT({ "BUG_REARM_CLOSED", STALE_ARM, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED", FATAL, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_CAS_COMPARE", FATAL, EVERY_MODEL },
	    { "BUG_7410", FATAL, EVERY_MODEL },
	    { "BUG_OPEN_ARMED", DATA_RACE, EVERY_MODEL }));
