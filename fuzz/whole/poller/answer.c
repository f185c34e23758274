/* A question and its answer over one connection: readiness must arrive, every
 * time. */
#include "whole/poller/whole.h"

static void server(void *state)
{
	struct state *s = state;
	char byte;
	if (fd_read(&s->a, &byte, 1) == 1)
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
	thread_goroutine_join(&s->first);
	thread_goroutine_join(&s->second);
	fd_close(&s->a);
	fd_close(&s->b);
	whole_end(s);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	whole_prepare(state);
}

enum { ANSWERED, UNHEARD, ASLEEP };

static bool unknown(const struct thread_goroutine *t, const struct poll_fd *f)
{
	/* relaxed, both: nothing moves any more */
	return load_relaxed(&t->g.status) == G_WAITING &&
	       load_relaxed(&f->pd->rg) != (uintptr_t)&t->g;
}

/* Every read has a byte that was written, or will be once another one returns.
 */
static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	if (s->ended)
		return ANSWERED;
	if (!slots[0].stranded)
		return -1;
	return unknown(&s->first, &s->a) || unknown(&s->second, &s->b) ? ASLEEP : UNHEARD;
}

CASE(answer,
     .purpose = "the whole runtime: a server and a client, a byte each way",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "answered", OK, NO_FAILURE, "both bytes came" },
	      { "unheard", BAD, LOST_EVENT, "a reader waits for a byte that lies there" },
	      { "asleep", BAD, LOST_WAKEUP, "a reader parked that nobody knows of" }),
     EXPECT({ "BUG_RESET_AFTER", LOST_EVENT, EVERY_MODEL },
	    { "BUG_COMMIT_IGNORED", LOST_WAKEUP, EVERY_MODEL },
	    { "BUG_TAKE_SPLIT", LOST_WAKEUP, EVERY_MODEL },
	    PLAIN_EXPECT));
