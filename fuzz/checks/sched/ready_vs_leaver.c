/* A goroutine is readied while a worker leaves that does not spin. */
#include "checks/sched/last_spinner.h"

static void prepare(void *state, struct slot *slots)
{
	struct state *st = state;
	(void)slots;
	spinner_prepare(st);
	st->m[1].spinning = false;
	word_init(&st->s.spinning, 0);
}

CASE(ready_vs_leaver,
     .purpose = "a goroutine is readied while a worker goes idle without having spun",
     SPINNER_CASE(ready_one));
