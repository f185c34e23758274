#include "sched/status.h"

enum { SPINS = 1000, SHOWN = 64, PAUSES = 10 };

void status_illegal(void)
{
	world_fatal("a goroutine's status makes an illegal move");
}

/* Lets others see what this worker spins for; g NULL: no longer. */
static void show(struct g *g, uint32_t from)
{
	struct M *m = m_self();
	if (!m)
		return;
	/* relaxed: published by the next */
	store_relaxed(&m->spin_from, from);
	/* pairs with: whoever watches for workers that spin for ever */
	store_release(&m->spin_on, (uintptr_t)g);
}

/* Whether a goroutine found in `seen` will not come back to `from` by itself,
 * so that spinning would be waiting for nothing. */
static bool is_stable(uint32_t from, uint32_t seen)
{
	if (from == G_COPYSTACK)
		return true; /* its holder's alone */
#ifdef BUG_COPYSTACK_CAS
	/* dropped: this check came with the fix of golang/go#9186. */
	(void)from;
	(void)seen;
	return false;
#else
	return from == G_WAITING && seen == G_RUNNABLE;
#endif
}

void status_set_slow(struct g *g, uint32_t from, uint32_t to)
{
	uint32_t seen = from;
	/* The race lost: somebody scans the stack or moves it.
	 * pairs with: status_set() — the stack */
	for (unsigned spins = 1; !cas_acq_rel(&g->status, &seen, to); spins++) {
		if (is_stable(from, seen))
			world_fatal(from == G_COPYSTACK
					    ? "a goroutine's stack was taken from its holder"
					    : "a goroutine was to be waiting, and is runnable");
		seen = from;
		/* Who readies has been served where the status is as it wants
		 * it, which looks the same from outside. */
		/* unreached: who readies spins so long by chance alone */
		if (spins == SHOWN && to != G_RUNNABLE)
			show(g, from);
		/* unreached: as does anybody */
		if (spins % SPINS == 0)
			world_yield();
		else
			for (unsigned i = PAUSES; i-- > 0;)
				world_relax();
	}
	show(NULL, 0);
}

bool status_scan(struct g *g, uint32_t from)
{
	if (from != G_WAITING && from != G_RUNNABLE && from != G_RUNNING && from != G_SYSCALL)
		status_illegal();
	/* pairs with: status_set() — the stack, as its goroutine left it */
	return cas_acq_rel(&g->status, &from, from | G_SCAN);
}

void status_unscan(struct g *g, uint32_t from)
{
	uint32_t seen = from | G_SCAN;
	/* pairs with: status_set() — the stack, as the scanner left it */
	if (!cas_acq_rel(&g->status, &seen, from))
		world_fatal("a scanned goroutine's status was changed by somebody else");
}

uint32_t status_copystack(struct g *g, uint32_t seen)
{
#if defined BUG_COPYSTACK_CAS || defined BUG_COPYSTACK_CHECKED
	/* dropped: the swap accepts either status (golang/go#9186). A poller
	 * makes the goroutine runnable between the look at its status and the
	 * swap: with the world stopped it stays runnable, and this spins for
	 * ever: wedge, on any machine. With the check of is_stable(), which
	 * came later, BUG_COPYSTACK_CHECKED: fatal. */
	status_set(g, seen, G_COPYSTACK);
	return seen;
#else
	for (;;) {
		/* The race lost: a scan, or the poller. pairs with:
		 * status_set() — the stack */
		if (cas_acq_rel(&g->status, &seen, G_COPYSTACK))
			return seen;
		seen &= ~(uint32_t)G_SCAN;
		if (seen != G_WAITING && seen != G_RUNNABLE)
			world_fatal("the stack of a goroutine that may run was to be moved");
		world_relax();
	}
#endif
}

void status_ready(struct g *g)
{
#ifdef BUG_READY_OVER_SCAN
	/* dropped: spinning until the scan is over. The goroutine runs while
	 * its stack is looked at, and the scanner finds its hold gone: fatal,
	 * on any machine. pairs with: status_set() */
	if ((exchange_acq_rel(&g->status, G_RUNNABLE) & ~(uint32_t)G_SCAN) != G_WAITING)
		world_fatal("readied a goroutine that does not wait");
#else
	uint32_t seen = G_WAITING;
	/* pairs with: status_set() — all that the waker did before */
	if (cas_acq_rel(&g->status, &seen, G_RUNNABLE))
		return;
	seen &= ~(uint32_t)G_SCAN;
	if (seen != G_WAITING && seen != G_COPYSTACK)
		world_fatal("readied a goroutine that does not wait");
	status_set_slow(g, G_WAITING, G_RUNNABLE);
#endif
}

bool g_shrink(struct G *g)
{
	/* A worker may have come back from a system call since the world was
	 * stopped. pairs with: status_set() — the stack, as it stopped */
	uint32_t seen = load_acquire(&g->g.status) & ~(uint32_t)G_SCAN;
	if (seen != G_WAITING && seen != G_RUNNABLE)
		return false;
	size_t bytes = stack_wanted(&g->stack, g->context.sp);
	if (bytes == (size_t)(g->stack.top - g->stack.low))
		return false;
	/* It does not run, so the copy needs no lock; the exchange does. */
	void *copy = stack_copy(&g->stack, g->context.sp, bytes);
	uint32_t was = status_copystack(&g->g, seen);
	bool moved = stack_exchange(&g->stack, copy, bytes);
	status_set(&g->g, G_COPYSTACK, was);
	return moved;
}
