/* A byte each way over one connection, through an event port; then it is closed
 * and its numbers are opened again, by another one: an event of the first that
 * is handled late must not make the port watch the second, and each byte is
 * heard of. */
#define WHOLE_BACKEND port_exact_backend
#include "port/port.h"
#include "whole/poller/whole.h"

static void server(void *state)
{
	struct state *s = state;
	char byte;
	while (fd_read(&s->a, &byte, 1) == 1)
		fd_write(&s->a, &byte, 1);
}

static void client(void *state)
{
	struct state *s = state;
	char byte = '?';
	fd_write(&s->b, &byte, 1);
	fd_read(&s->b, &byte, 1);
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	whole_start(s, server, client);
	thread_goroutine_join(&s->second);
	fd_close(&s->a);
	fd_close(&s->b);
	whole_connect(s, &s->c, &s->d);
	thread_goroutine_join(&s->first);
	fd_close(&s->c);
	fd_close(&s->d);
	whole_end(s);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	whole_prepare(state);
}

enum { CLOSED, UNHEARD, STALE };

/* Readers wait only for bytes that come, or for a close. */
static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	if (s->ended)
		return s->stale ? STALE : CLOSED;
	return slots[0].stranded ? UNHEARD : -1;
}

CASE(reopen,
     .purpose = "the whole poller over an event port: a connection closed, its numbers reused",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "closed", OK, NO_FAILURE, "both bytes came, and both connections ended" },
	      { "unheard", BAD, LOST_EVENT, "a reader waits for a byte that lies there" },
	      { "stale", BAD, STALE_ARM,
		"an association with the number's next owner, who did not make it" }),
     EXPECT({ "BUG_7410", FATAL, EVERY_MODEL },
	    { "BUG_UPDATE_UNLOCKED+plain", DATA_RACE, EVERY_MODEL },
	    { "BUG_OPEN_ARMED", DATA_RACE, EVERY_MODEL }));
