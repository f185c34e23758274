/* base/world.h's threads on the simulation: fibers. */
#include <errno.h>

#include "base/world.h"
#include "memory/model.h"
#include "sim.h"
#include "trace.h"
#include "world.h"

#define PC __builtin_return_address(0)

int world_thread_start(world_thread *t, void (*fn)(void *), void *arg)
{
	if (!sim.on)
		engine_error("a thread started outside of the actors");
	sim_step(OP_FENCE, KEY_NONE, false, true, PC);
	struct thread *child = world_refuses() ? NULL : sim_thread(fn, arg, NULL);
	if (!child)
		return -EAGAIN;
	tick(self());
	past_add(self(), child->id);
	trace_note("starts thread", sim.cur, child->id, PC);
	t->id = child->id + 1;
	sim_start(child);
	return 0;
}

void world_thread_join(world_thread id)
{
	sim_step(OP_JOIN, KEY_NONE, false, true, PC);
	struct thread *t = self(), *child = &sim.thread[id.id - 1];
	if (child->state != FINISHED) {
		child->joiners |= bit(t->id);
		sim_block(JOINING);
	} else {
		clock_join(&t->clock, &child->clock, sim.threads);
		t->woken_by = child->last_step;
	}
	model->joined(t, child);
	past_add(t, child->past);
	trace_note("joined thread", t->id, child->id, PC);
}

void world_set_local(void *p)
{
	self()->local = p;
}

void *world_local(void)
{
	return self()->local;
}
