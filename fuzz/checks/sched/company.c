/* Two processors for two: who is started, readied, told of by the poller or
 * woken by the clock runs beside who runs already, and need not wait for it to
 * yield, which it never does. */
#include "checks/sched/run.h"
#include "poller/fd.h"

#define MS INT64_C(1000000)
enum { STARTED = 6 };

static word32 present[4];
static struct poll_fd in[2], out[2];

/* Both must be there at once. */
static void meet(word32 *place)
{
	count_one(place);
	/* pairs with: count_one() of the other */
	while (load_acquire(place) < 2)
		world_relax();
}

static void started(void *arg)
{
	must(g_self()->home == m_self()->p, "a goroutine is at home elsewhere");
	meet(arg);
}

static bool leave_word(struct g *g, void *arg)
{
	/* pairs with: readied() */
	store_release((wordptr *)arg, (uintptr_t)g);
	return true;
}

static wordptr waiting;

static void waits(void *arg)
{
	runtime->park(leave_word, &waiting);
	started(arg);
}

static void readied(void)
{
	uintptr_t g;
	/* pairs with: leave_word() */
	while (!(g = load_acquire(&waiting)))
		go_yield();
	runtime->ready((struct g *)g);
	meet(&present[1]);
}

static void read_and_meet(struct poll_fd *f)
{
	char byte;
	must(fd_read(f, &byte, 1) == 1, "a read failed");
	meet(&present[2]);
}

static void reads(void *arg)
{
	read_and_meet(arg);
}

/* Both wait for it by now, or are told without. */
static void writes(void *arg)
{
	char byte = '!';
	(void)arg;
	for (int i = 0; i < 2; i++)
		must(fd_write(&out[i], &byte, 1) == 1, "a byte was not written");
}

static void sleeps(void *arg)
{
	go_sleep(*(int64_t *)arg - world_now());
	meet(&present[3]);
}

static void open_both(void)
{
	int fd[2];
	for (int i = 0; i < 2; i++)
		if (world_socketpair(fd) != 0 || fd_open(&in[i], sched_poller(), fd[0]) != 0 ||
		    fd_open(&out[i], sched_poller(), fd[1]) != 0)
			world_fatal("no descriptors to begin with");
}

static void first(void *arg)
{
	static int64_t when;
	(void)arg;
	go(started, &present[0]);
	meet(&present[0]);
	go(waits, &present[1]);
	readied();
	open_both();
	go(reads, &in[0]);
	go(writes, NULL);
	read_and_meet(&in[1]);
	when = world_now() + 3 * MS;
	go(sleeps, &when);
	sleeps(&when);
	for (int i = 0; i < 2; i++)
		must(fd_close(&in[i]) == 0 && fd_close(&out[i]) == 0, "not closed");
}

static void run(void *state, struct slot *me)
{
	struct state *s = state;
	struct sched_config c = { .procs = 2, .stack_bytes = 16 << 10 };
	run_program(s, me, &c, first);
	must(s->counts.started == STARTED, "goroutines are counted wrong");
}

CASE(company,
     .purpose = "two processors for two who never yield to each other",
     .whole = true,
     .state_size = sizeof(struct state),
     .actor = { { "main", run } },
     .prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES);
