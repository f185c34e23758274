/* The whole runtime: a server and a client over one connection, on two
 * processors, with a deadline, a cycle of the collector and a close. */
#include <errno.h>

#include "poller/fd.h"
#include "sched/gc.h"
#include "sched/g.h"
#include "sched/sched.h"

enum { STACK = 16 << 10, DEEP = 6000, HEAP = 1 << 16 };

struct state {
	struct poll_fd a, b;
	uint32_t answered, late, closed, ended;
	int result;
};

/* Leaves a stack that is larger than it need be: a cycle shrinks it. */
static void grow(void)
{
	stack_need(DEEP);
}

static void server(void *arg)
{
	struct state *s = arg;
	char byte;
	grow();
	while (fd_read(&s->a, &byte, 1) == 1)
		fd_write(&s->a, &byte, 1);
	s->closed = 1;
}

static void client(void *arg)
{
	struct state *s = arg;
	char byte = '?';
	grow();
	fd_write(&s->b, &byte, 1);
	s->answered = fd_read(&s->b, &byte, 1) == 1;
	fd_set_deadline(&s->b, 1000, POLL_READ);
	s->late = fd_read(&s->b, &byte, 1) == -ETIMEDOUT;
	fd_close(&s->a);
	fd_close(&s->b);
}

static void collect(void)
{
	struct gc_config gc = { .heap_bytes = HEAP, .small = 1 };
	struct gc_counts counts;
	gc_begin(&gc);
	go_yield();
	gc_collect();
	gc_end(&counts);
}

static void begin(void *arg)
{
	struct state *s = arg;
	int fd[2];
	if (world_socketpair(fd) != 0 || fd_open(&s->a, sched_poller(), fd[0]) != 0 ||
	    fd_open(&s->b, sched_poller(), fd[1]) != 0)
		world_fatal("no descriptors to begin with");
	go(server, s);
	go(client, s);
	collect();
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 2, .stack_bytes = STACK };
	(void)me;
	s->result = sched_run(&c, begin, s, NULL);
	s->ended = 1;
}

static void prepare(void *state, struct slot *slots)
{
	(void)state;
	(void)slots;
}

enum { SERVED, STUCK, WRONG };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	if (slots[0].stranded)
		return STUCK;
	return s->ended && s->result == 0 && s->answered && s->late && s->closed ? SERVED : WRONG;
}

CASE(serve,
     .purpose = "the whole runtime: a server, a client, a deadline, a cycle, a close",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "served", OK, NO_FAILURE, "answered, timed out, closed" },
	      { "stuck", BAD, WEDGE, "nobody can go on" },
	      { "wrong", BAD, WRONG_OUTCOME, "a read returned something else" }),
     EXPECT({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL },
	    { "BUG_COPYSTACK_CHECKED", FATAL, EVERY_MODEL }));
