#include "sched/worker.h"

#include <stdio.h>

#include "sched/idle.h"
#include "sched/schedule.h"

struct M *m_self(void)
{
	return world_local();
}

struct G *g_self(void)
{
	struct M *m = m_self();
	return m ? m->cur : NULL;
}

void worker_init(struct M *m, struct sched *s, uint32_t id)
{
	m->s = s;
	m->id = id;
	m->rng = id;
	note_clear(&m->wake);
}

/* On the signal stack of a worker whose goroutine has used more stack than it
 * has. */
/* unreached: such a stack ends the process */
static const char *explain_overflow(const void *address)
{
	static _Thread_local char text[160];
	const struct G *g = g_self();
	if (!g || !stack_overflowed(&g->stack, address))
		return NULL;
	snprintf(text, sizeof text,
		 "stack overflow: goroutine %u has used more than its %zu bytes without"
		 " asking by stack_need()", g->g.id, (size_t)(g->stack.top - g->stack.low));
	return text;
}

static void worker_main(void *arg)
{
	struct M *m = arg;
	struct sched *s = m->s;
	world_set_local(m);
	world_small_stacks(explain_overflow);
	if (s->config->worker_started)
		s->config->worker_started(m->id);
	struct P *p = m->next_p;
	m->next_p = NULL;
	m->spinning = m->wake_spins;
	idle_acquire(m, p);
	schedule(m);
	world_set_local(NULL);
}

void worker_new(struct sched *s, struct P *p, bool spinning)
{
	struct M *m = world_map(sizeof *m);
	worker_init(m, s, s->worker_count++);
	m->next_p = p;
	m->wake_spins = spinning;
	m->all_link = s->workers;
	s->workers = m;
	if (world_thread_start(&m->thread, worker_main, m) != 0)
		world_fatal("cannot start a worker thread: raise the limit on processes");
}

void worker_ended(struct sched *s)
{
	mutex_lock(&s->lock);
	/* pairs with: idle_stop(), schedule() */
	store_release(&s->ending, 1);
	for (struct M *m = s->idle_m; m; m = m->idle_link)
		note_wakeup(&m->wake);
	s->idle_m = NULL;
	s->idle_ms = 0;
	mutex_unlock(&s->lock);
	s->poller.backend->wake(&s->poller);
	note_wakeup(&s->ended);
}

void worker_deadlock(struct sched *s)
{
	/* unreached: a deadlock ends the process */
	if (s->config->deadlock)
		s->config->deadlock(s);
	world_fatal("every goroutine waits, and nobody is left to ready one");
}
