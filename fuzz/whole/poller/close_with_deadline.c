/* A reader, a writer that gives the reader's descriptor a deadline, and a close
 * of that descriptor: whatever comes first, the reader returns. */
#include "whole/poller/whole.h"

static void reader(void *state)
{
	struct state *s = state;
	char byte[4];
	while (fd_read(&s->a, byte, sizeof byte) > 0)
		;
}

static void writer(void *state)
{
	struct state *s = state;
	char byte = '!';
	fd_set_deadline(&s->a, 1000000, POLL_READ);
	fd_write(&s->b, &byte, 1);
	fd_set_deadline(&s->a, 0, POLL_READ);
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	whole_start(s, reader, writer);
	fd_close(&s->a);
	thread_goroutine_join(&s->first);
	thread_goroutine_join(&s->second);
	fd_close(&s->b);
	whole_end(s);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	whole_prepare(state);
}

enum { RETURNED, FORGOTTEN };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	if (s->ended)
		return RETURNED;
	if (!slots[0].stranded || whole_reader(&s->first, &s->a) != READER_FORGOTTEN)
		return -1;
	return FORGOTTEN;
}

CASE(close_with_deadline,
     .purpose = "the whole runtime: a reader, a deadline that is set and cleared, a close",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "returned", OK, NO_FAILURE, "the reader saw bytes, the deadline or the close" },
	      { "forgotten", BAD, LOST_WAKEUP,
		"the reader waits although its descriptor is closing or past the deadline" }),
     EXPECT({ "BUG_PLAIN_RG", LOST_WAKEUP,
	      ARMV8 | ARMV8_LSE | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },
	    { "BUG_BARE_FLAGS", LOST_WAKEUP, ARMV8 | ARMV8_RCPC | C11 },
	    { "BUG_RELEASE_DUMMY", LOST_WAKEUP, ARMV8 | ARMV8_RCPC | C11 },
	    { "BUG_RELEASE_ALL", LOST_WAKEUP, ARMV8 | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },
	    { "BUG_ACQREL_STORE", LOST_WAKEUP, TSO | ARMV8_RCPC | ARMV8_LSE_RCPC | C11 },
	    { "BUG_ACQREL_RMW", LOST_WAKEUP, ARMV8_RCPC | C11 },
	    { "BUG_PUBLISH_LATE", LOST_WAKEUP, EVERY_MODEL },
	    { "BUG_COMMIT_IGNORED", LOST_WAKEUP, EVERY_MODEL },
	    { "BUG_TAKE_SPLIT", FATAL, EVERY_MODEL },
	    { "BUG_STALE_COOKIE", FATAL, EVERY_MODEL },
	    PLAIN_EXPECT));
