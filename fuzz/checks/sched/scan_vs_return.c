/* A goroutine comes back from a system call while its stack is scanned: it runs
 * when the scan is over. */
#include "checks/sched/two.h"

static void returner(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 0);
	status_set(&st->g[0].g, G_SYSCALL, G_RUNNING);
	st->plain = 1; /* on its stack */
	came_through(me);
}

static void scanner(void *state, struct slot *me)
{
	struct state *st = state;
	state_as(st, 1);
	if (status_scan(&st->g[0].g, G_SYSCALL)) {
		must(st->plain == 0, "a goroutine runs whose stack is scanned");
		status_unscan(&st->g[0].g, G_SYSCALL);
	}
	came_through(me);
}

static void prepare(void *state, struct slot *slots)
{
	struct state *st = two_begin(state);
	(void)slots;
	word_init(&st->g[0].g.status, G_SYSCALL);
}

static int judge(const void *state, const struct slot *slots)
{
	const struct state *st = state;
	return judge_two(slots, st->plain == 1 && status_seen(st, 0) == G_RUNNING);
}

CASE(scan_vs_return,
     .purpose = "a goroutine comes back from a system call while its stack is scanned",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "returner", returner }, { "scanner", scanner } },
     .prepare = prepare, .judge = judge, CHECK_OUTCOMES);
