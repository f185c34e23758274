/* The runtime of cases in the simulation: an actor is a goroutine of its own
 * thread. Park blocks its fiber, timers are only recorded (an actor of the case
 * stands for a firing).
 */
#include "base/goroutine.h"

#include "base/world.h"
#include "memory/model.h"
#include "sim.h"
#include "trace.h"
#include "world.h"

#define PC __builtin_return_address(0)

static struct g *g_of(struct thread *t)
{
	return t->slot ? &t->slot->g : &t->g;
}

static struct g *current(void)
{
	return g_of(self());
}

/* Learns what whoever readied t knew. */
static void resume(struct thread *t, struct g *g)
{
	if (t->has_readied)
		clock_join(&t->clock, &t->readied, sim.threads);
	t->has_readied = false;
	/* relaxed: only one thread runs; the scheduler orders these */
	store_relaxed(&g->status, G_RUNNING);
}

static void park(commit_fn *commit, void *arg)
{
	void *pc = PC;
	struct thread *t = self();
	struct g *g = g_of(t);
	sim_step(OP_PARK, (uintptr_t)g, true, true, pc);
	/* relaxed, here and below: as in resume() */
	store_relaxed(&g->status, G_WAITING);
	if (!commit(g, arg)) {
		/* Seen by a ready() that should not come, so a step of its
		 * own. */
		sim_step(OP_PARK, (uintptr_t)g, true, true, pc);
		store_relaxed(&g->status, G_RUNNING);
		g->aborts++;
		trace_note("park called off", t->id, (uintptr_t)g, pc);
		return;
	}
	g->parks++;
	/* relaxed: as above */
	if (load_relaxed(&g->status) == G_WAITING) {
		trace_note("parks", t->id, (uintptr_t)g, pc);
		sim_block(PARKED);
	}
	resume(t, g);
	trace_note("runs again", t->id, (uintptr_t)g, pc);
}

static struct thread *thread_of(struct g *g)
{
	for (unsigned i = 0; i < sim.threads; i++)
		if (g_of(&sim.thread[i]) == g)
			return &sim.thread[i];
	return NULL;
}

static void ready(struct g *g)
{
	if (!sim.on)
		engine_error("a goroutine readied in prepare or judge");
	sim_step(OP_READY, (uintptr_t)g, true, true, PC);
	trace_note("readies", sim.cur, (uintptr_t)g, PC);
	/* relaxed: as in resume() */
	if (load_relaxed(&g->status) != G_WAITING)
		world_fatal("ready of a goroutine that is not waiting");
	store_relaxed(&g->status, G_RUNNABLE);
	struct thread *t = thread_of(g), *me = self();
	if (t) {
		t->readied = me->clock;
		t->has_readied = true;
		model->joined(t, me);
		past_add(t, me->past);
		tick(me);
		if (t->state == PARKED)
			sim_unblock(t);
	}
	sim_changed(me->id, (uintptr_t)g);
}

static void timer_start(struct timer *t, int64_t when, void (*fire)(void *, uintptr_t), void *arg,
			uintptr_t seq)
{
	t->when = when;
	t->fire = fire;
	t->arg = arg;
	t->seq = seq;
	t->heap_index = 1;
}

static void timer_stop(struct timer *t)
{
	t->heap_index = 0;
}

const struct runtime simulated_runtime = {
	.name = "explore",
	.current = current,
	.park = park,
	.ready = ready,
	.timer_start = timer_start,
	.timer_stop = timer_stop,
};

const struct runtime *runtime = &simulated_runtime;
