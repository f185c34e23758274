#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "memory/model.h"

enum { STACK_BYTES = 256 << 10 };

struct sim sim;
uint32_t sim_stamp;

void engine_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fflush(stdout);
	fputs("explore: engine error: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

void sim_setup(void)
{
	for (unsigned i = 0; i < MAX_THREADS; i++) {
		sim.thread[i].stack = fiber_stack(STACK_BYTES);
		sim.thread[i].id = i;
	}
}

void sim_begin(void)
{
	sim_stamp++;
	sim.stop = STOP_NONE;
	sim.threads = sim.actors = 0;
	sim.cur = NOBODY;
	sim.enabled = sim.soft = sim.spinning = sim.any_waiters = 0;
	sim.buffered = sim.draining = sim.timed = sim.sleep = sim.changes = 0;
	sim.steps = sim.grace = sim.choices = sim.taken = 0;
	sim.ahead = sim.granted = 0;
	sim.gone = false;
	sim.step_limit = DEFAULT_STEPS;
	sim.queue = sim.past = 0;
	sim.turn = 0;
	sim.now = 1000000000;
	sim.back = NULL;
	sim.fatal = NULL;
	sim.signal = 0;
}

/* --- threads --- */

bool sim_actors_done(void)
{
	for (unsigned i = 0; i < sim.actors; i++)
		if (sim.thread[i].state != FINISHED)
			return false;
	return true;
}

/* Takes t off the processor until it is chosen: at its first operation whoever
 * is to begin next runs, else somebody is chosen. */
static inline void suspend(struct thread *t)
{
	if (__builtin_expect(sim.back != NULL, 0)) {
		struct fiber *back = sim.back;
		sim.back = NULL;
		fiber_switch(&t->fiber, back);
	} else if (sim.unstarted) {
		sim_now_runs(--sim.unstarted);
		fiber_switch(&t->fiber, &self()->fiber);
	} else if (!decide_alone(t)) {
		decide(&t->fiber);
	}
}

static void finish(struct thread *t)
{
	t->last_step = sim.taken;
	t->state = FINISHED;
	sim.enabled &= ~bit(t->id);
	for (uint64_t left = t->joiners; left; left &= left - 1) {
		struct thread *joiner = &sim.thread[__builtin_ctzll(left)];
		clock_join(&joiner->clock, &t->clock, sim.threads);
		sim_unblock(joiner);
	}
	if (t->slot && sim_actors_done())
		sim.enabled &= ~bit(CLOCK);
	suspend(t);
	engine_error("a finished thread was chosen");
}

static void thread_main(void)
{
	struct thread *t = self();
	if (t->slot)
		t->act(t->arg, t->slot);
	else
		t->run(t->arg);
	/* Leaving is a system call: what the thread has stored is visible. */
	if (!t->slot)
		sim_step(OP_FENCE, KEY_NONE, false, true, NULL);
	finish(t);
}

struct thread *sim_thread(void (*fn)(void *), void *arg, struct slot *slot)
{
	if (sim.threads == MAX_THREADS)
		return NULL;
	struct thread *t = &sim.thread[sim.threads++];
	t->state = RUNNABLE;
	t->timed_out = t->has_acquired = t->has_released = t->has_readied = false;
	t->tick_due = t->impatient = t->fresh = false;
	t->spin_count = t->quiet = t->relaxes = t->spurious = 0;
	t->spin_key = t->quiet_changes = 0;
	t->joiners = 0;
	t->woken_by = sim.taken;
	t->local = NULL;
	t->slot = slot;
	t->run = fn;
	t->arg = arg;
	clock_clear(&t->clock);
	if (sim.cur != NOBODY)
		t->clock = self()->clock;
	t->clock.at[t->id] = 1;
	t->past = sim.cur == NOBODY ? 0 : self()->past;
	past_add(t, t->id);
	fiber_init(&t->fiber, t->stack, thread_main);
	sim.enabled |= bit(t->id);
	if (slot)
		sim.actors++;
	model->start(t);
	return t;
}

void sim_start(struct thread *t)
{
	struct fiber *from = &self()->fiber;
	struct fiber *outer = sim.back;
	int was = sim.cur;
	sim_now_runs(t->id);
	sim_settle();
	sim.ahead = sim.granted = 0;
	sim.back = from;
	fiber_switch(from, &t->fiber);
	sim.back = outer;
	sim_now_runs(was);
}

void sim_run(void)
{
	sim.on = true;
	sim.watched = !sim.bare;
	sim.unstarted = sim.actors - 1;
	sim_now_runs(sim.unstarted);
	fiber_switch(&sim.main, &self()->fiber);
	sim.on = sim.watched = false;
	sim_settle();
	sim.ahead = sim.granted = 0;
	sim.cur = NOBODY;
}

void sim_stop(enum stop why)
{
	sim.stop = why;
	fiber_switch(&self()->fiber, &sim.main);
	engine_error("an ended execution went on");
}

static void update_enabled(struct thread *t)
{
	uint64_t me = bit(t->id);
	if (t->state == RUNNABLE && !((sim.spinning | sim.draining) & me))
		sim.enabled |= me;
	else
		sim.enabled &= ~me;
}

/* Whether this operation would only repeat a look that found nothing new. */
static bool loops(struct thread *t)
{
	if (t->quiet >= QUIET_READS && t->quiet_changes == sim.changes) {
		sim.any_waiters |= bit(t->id);
		return true;
	}
	return t->spin_count >= SPIN_READS && t->spin_key == t->op.key;
}

/* t does its operation now. What an access reads the models tell; all others
 * follow from each other, in their order. Whatever is done changes the past, so
 * that no state comes twice in an execution. */
static inline void remember(struct thread *t)
{
	if (__builtin_expect(!sim.remembers, 1))
		return;
	past_add(t, t->op.key + ((uint64_t)t->op.kind << 56));
	if (t->op.kind <= OP_FENCE || t->op.key == KEY_NONE)
		return;
	past_add(t, sim.past);
	sim.past = t->past;
}

/* A thread that has said it waits (relax, yield) and looks again at a word that
 * nobody has written since may be chosen all the same: it is impatient, and
 * repeats its look without another decision until it does something else or is
 * known to loop. So a loop with a bound reaches its end, without a decision for
 * each round: that another thread's write falls into a later round differs from
 * waiting for it only in the round's number. */
void sim_step(enum op_kind kind, uintptr_t key, bool write, bool drains, void *pc)
{
	struct thread *t = self();
	if (sim_goes_ahead(t))
		return;
	t->op = (struct op){ key, pc, kind, write, drains, t->woken_by };
	t->woken_by = 0;
	if (kind == OP_YIELD)
		sim_looked(t, KEY_NONE, 0);
	else
		t->relaxes = 0;
	if (__builtin_expect(t->spin_count >= SPIN_READS || t->quiet >= QUIET_READS, 0) &&
	    (kind == OP_LOAD || kind == OP_RMW || kind == OP_YIELD) && loops(t)) {
		sim.spinning |= bit(t->id);
		sim.enabled &= ~bit(t->id);
	}
	if (drains && sim.buffered & bit(t->id)) {
		sim.draining |= bit(t->id);
		sim.enabled &= ~bit(t->id);
	}
	bool waits = sim.soft >> t->id & 1, looks = kind == OP_LOAD && key == t->spin_key &&
						    t->quiet_changes == sim.changes;
	if (t->impatient && looks && sim.enabled >> t->id & 1) {
		sim.soft &= ~bit(t->id);
		return;
	}
	suspend(t);
	remember(t);
	t->impatient = waits && looks && t->quiet_changes == sim.changes;
	sim.soft &= ~bit(t->id);
}

void sim_block(enum thread_state state)
{
	struct thread *t = self();
	t->state = state;
	t->op = (struct op){ .kind = OP_RESUME, .key = KEY_NONE };
	sim.enabled &= ~bit(t->id);
	suspend(t);
	remember(t);
}

void sim_unblock(struct thread *t)
{
	t->state = RUNNABLE;
	t->op.cause = sim.taken;
	update_enabled(t);
}

void sim_release(unsigned by, uintptr_t key)
{
	for (uint64_t left = sim.spinning & ~bit(by); left; left &= left - 1) {
		struct thread *t = &sim.thread[__builtin_ctzll(left)];
		if (!(sim.any_waiters & bit(t->id)) && t->op.key != key)
			continue;
		t->spin_count = t->quiet = 0;
		t->op.cause = sim.taken;
		sim.spinning &= ~bit(t->id);
		sim.any_waiters &= ~bit(t->id);
		update_enabled(t);
	}
}

void sim_buffer(unsigned t, bool any, uintptr_t oldest, uint32_t since, void *pc)
{
	if (any) {
		sim.buffered |= bit(t);
		sim.enabled |= bit(FLUSH + t);
		sim.flush[t] = (struct op){ oldest, pc, OP_FLUSH, true, false, since };
		return;
	}
	sim.buffered &= ~bit(t);
	sim.enabled &= ~bit(FLUSH + t);
	if (sim.draining & bit(t)) {
		sim.draining &= ~bit(t);
		sim.thread[t].op.cause = sim.taken;
		update_enabled(&sim.thread[t]);
	}
}
