#include "runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "memory/access.h"
#include "memory/model.h"
#include "region.h"
#include "trace.h"
#include "world.h"

enum { GUARD = 4096, SIGNAL_STACK = 64 << 10, HANG_SECONDS = 10 };

static const struct test_case *the_case;
static void *state;
static struct slot *slots;
static unsigned actors, all_slots, outcomes;

const void *runner_state(void)
{
	return state;
}

const struct slot *runner_slots(void)
{
	return slots;
}

const struct test_case *runner_case(void)
{
	return the_case;
}

/* A crash of the code under test ends the execution, not the program. */
static void on_signal(int number)
{
	if (!sim.on || sim.cur == NOBODY) {
		static const char text[] = "explore: engine error: crashed outside of an actor\n";
		if (write(2, text, sizeof text - 1) < 0)
			_exit(2);
		_exit(2);
	}
	sim.signal = number;
	sim_stop(STOP_CRASH);
}

/* No shared access between two of these: plain code that loops for ever. */
static void on_alarm(int number)
{
	static uint64_t before;
	uint64_t now = (uint64_t)sim_stamp << 32 | sim.steps;
	(void)number;
	if (sim.on && now == before) {
		static const char text[] = "explore: engine error: an actor runs without end "
					   "and without a shared access\n";
		if (write(2, text, sizeof text - 1) < 0)
			_exit(2);
		_exit(2);
	}
	before = now;
	alarm(HANG_SECONDS);
}

static void catch_signals(void)
{
	static char stack[SIGNAL_STACK];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction crash = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };
	struct sigaction hang = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART };
	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &crash, NULL);
	sigaction(SIGBUS, &crash, NULL);
	sigaction(SIGFPE, &crash, NULL);
	sigaction(SIGILL, &crash, NULL);
	sigaction(SIGABRT, &crash, NULL);
	sigaction(SIGALRM, &hang, NULL);
	alarm(HANG_SECONDS);
}

void runner_watch(void)
{
	alarm(HANG_SECONDS);
}

/* Memory for slots and state, at the same address for every case. */
static void map_state(const struct test_case *c)
{
	static size_t mapped;
	size_t bytes = MAX_SLOTS * sizeof *slots + ((c->state_size + 127) & ~(size_t)127);
	if (case_slots(c) > MAX_SLOTS)
		engine_error("case %s has more than %d slots", c->name, MAX_SLOTS);
	if (bytes <= mapped)
		return;
	if (slots)
		munmap(slots, mapped);
	slots = region_map(REGION_STATE, bytes);
	state = slots + MAX_SLOTS;
	if (!slots)
		engine_error("no memory for the state of %s", c->name);
	mapped = bytes;
}

void runner_open(const struct test_case *c)
{
	if (!the_case) {
		globals_keep();
		sim_setup();
		catch_signals();
	}
	map_state(c);
	if (c == the_case)
		return;
	the_case = c;
	runtime = &simulated_runtime;
	actors = case_actors(c);
	all_slots = case_slots(c);
	outcomes = 0;
	while (outcomes < MAX_OUTCOMES && c->outcomes[outcomes].name)
		outcomes++;
}

static void reset_slots(void)
{
	for (unsigned i = 0; i < all_slots; i++) {
		struct slot *s = &slots[i];
		*s = (struct slot){ 0 };
		word_init(&s->g.status, i < actors ? G_RUNNING : G_WAITING);
		s->g.id = i + 1;
	}
}

static void prepare(void)
{
	globals_restore();
	sim_begin();
	shadow_begin();
	world_begin();
	model->begin();
	memset(state, 0, the_case->state_size);
	reset_slots();
	the_case->prepare(state, slots);
	for (unsigned i = 0; i < actors; i++) {
		struct thread *t = sim_thread(NULL, state, &slots[i]);
		t->act = the_case->actor[i].run;
	}
}

/* Nobody can move. Sleepers and joiners among the actors will never: a deadlock
 * of futexes. Parked and spinning actors are the judge's business. */
static bool blocked_for_ever(struct run *r)
{
	for (unsigned i = 0; i < sim.actors; i++) {
		struct thread *t = &sim.thread[i];
		t->slot->stranded = t->state == PARKED ? 1 : t->state == RUNNABLE ? 2 : 0;
		if (t->state == RUNNABLE)
			trace_note("looks on and on, and nobody is left", i, t->op.key, t->op.pc);
	}
	for (unsigned i = 0; i < sim.actors; i++) {
		struct thread *t = &sim.thread[i];
		if (t->state != SLEEPING && t->state != JOINING)
			continue;
		if (the_case->whole) {
			t->slot->stranded = 3;
			continue;
		}
		r->failure = DEADLOCK;
		snprintf(r->detail, sizeof r->detail, "%s is %s, and nobody can wake it",
			 the_case->actor[i].name,
			 t->state == SLEEPING ? "asleep" : "joining a thread");
		return true;
	}
	return false;
}

/* The failure of outcome o, or `other` if it is not listed (-1). */
static enum failure failure_of(int o, enum failure other)
{
	if (o < 0)
		return other;
	return the_case->outcomes[o].grade == BAD ? the_case->outcomes[o].failure : NO_FAILURE;
}

/* Of a whole runtime that comes no further: everybody who could go on waits for
 * somebody, or for a time that passes in vain. */
static bool all_wait(void)
{
	for (unsigned i = 0; i < sim.threads; i++)
		if (sim.thread[i].state == RUNNABLE && !(sim.hinted >> i & 1))
			return false;
	return the_case->whole;
}

/* A runtime that has ended in order has given everything back. */
static void look_for_leaks(struct run *r)
{
	if (kernel_open() > 0) {
		r->failure = DESC_LEAK;
		snprintf(r->detail, sizeof r->detail, "%u descriptors were not closed",
			 kernel_open());
	} else if (world_regions() > 0) {
		r->failure = MEMORY_ERROR;
		snprintf(r->detail, sizeof r->detail, "%u regions of memory were not given back",
			 world_regions());
	}
}

static void judge(struct run *r)
{
	if (blocked_for_ever(r))
		return;
	r->outcome = the_case->judge(state, slots);
	if (r->outcome >= 0 && (unsigned)r->outcome >= outcomes)
		engine_error("the judge of %s returned %d, but lists %u outcomes",
			     the_case->name, r->outcome, outcomes);
	r->failure = failure_of(r->outcome, WRONG_OUTCOME);
	if (the_case->whole && r->failure == NO_FAILURE)
		look_for_leaks(r);
}

bool runner_bare(uint64_t n)
{
	enum { WATCHED = 16 };
	return the_case->whole && model == &sc_model && n % WATCHED != 0;
}

void runner_run(struct run *r)
{
	prepare();
	sim_run();
	r->redundant = false;
	r->failure = NO_FAILURE;
	r->outcome = -1;
	r->sides = 0;
	r->detail[0] = 0;
	switch ((enum stop)sim.stop) {
	case STOP_NONE:
	case STOP_QUIET:
		judge(r);
		return;
	case STOP_FATAL:
		r->outcome = case_thrown(the_case, sim.fatal);
		r->failure = failure_of(r->outcome, FATAL);
		snprintf(r->detail, sizeof r->detail, "%s", sim.fatal);
		return;
	case STOP_RACE:
		r->failure = DATA_RACE;
		r->sides = 2;
		return;
	case STOP_GONE:
		r->failure = MEMORY_ERROR;
		r->sides = 1;
		snprintf(r->detail, sizeof r->detail, "memory was used that had been given back");
		return;
	case STOP_LIVELOCK:
		if (all_wait()) {
			judge(r);
			return;
		}
		r->failure = LIVELOCK;
		snprintf(r->detail, sizeof r->detail, "endless steps without progress");
		return;
	case STOP_CRASH:
		r->failure = CRASH;
		snprintf(r->detail, sizeof r->detail, "signal %d", sim.signal);
		return;
	case STOP_REDUNDANT:
		r->redundant = true;
		return;
	}
}
