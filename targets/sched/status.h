/* The status word of a goroutine, and who may move it.
 *
 *   idle      -> dead                        fresh memory is taken into use
 *   dead      -> runnable                    go()
 *   runnable  -> running                     the worker that took it off its
 *             queue
 *   running   -> waiting | runnable | dead   its worker, once off its stack
 *   running   -> syscall -> running          itself, around a system call
 *   syscall   -> runnable                    its worker, back without a
 *             processor
 *   waiting   -> runnable                    whoever took it out of where it
 *             waited
 *   waiting | runnable -> copystack -> back  whoever shrinks its stack
 *   running   -> copystack -> running        its worker, to give it a larger
 *             stack
 *   any x     -> x with the scan bit -> x    whoever scans its stack
 *
 * Changes are compare-and-swap loops: what is not as expected is taken to be
 * transient (somebody scans or moves the stack) and spun out.
 */
#ifndef SCHED_STATUS_H
#define SCHED_STATUS_H

#include "sched/g.h"

_Noreturn void status_illegal(void);
void status_set_slow(struct g *g, uint32_t from, uint32_t to);

/* Whether the table above has this move. */
static inline bool status_legal(uint32_t from, uint32_t to)
{
	static const uint8_t moves[] = {
		[G_IDLE] = 1 << G_DEAD,
		[G_DEAD] = 1 << G_RUNNABLE,
		[G_RUNNABLE] = 1 << G_RUNNING | 1 << G_COPYSTACK,
		[G_RUNNING] = 1 << G_WAITING | 1 << G_RUNNABLE | 1 << G_DEAD | 1 << G_SYSCALL |
			      1 << G_COPYSTACK,
		[G_SYSCALL] = 1 << G_RUNNING | 1 << G_RUNNABLE,
		[G_WAITING] = 1 << G_RUNNABLE | 1 << G_COPYSTACK,
		[G_COPYSTACK] = 1 << G_WAITING | 1 << G_RUNNABLE | 1 << G_RUNNING,
	};
	return from < sizeof moves && to < sizeof moves && moves[from] >> to & 1;
}

/* Moves g from one status to the other, neither with the scan bit; fatal if
 * that is no legal move. Spins while somebody else holds the stack. */
static inline void status_set(struct g *g, uint32_t from, uint32_t to)
{
	uint32_t seen = from;
	if (!status_legal(from, to))
		status_illegal();
	/* pairs with: each other — the stack, and what the last one did with
	 * it */
	if (!cas_acq_rel(&g->status, &seen, to))
		status_set_slow(g, from, to);
}

/* The status without the scan bit: a glance, outdated at once unless the caller
 * holds it. */
static inline uint32_t status_of(const struct g *g)
{
	/* relaxed: the swap that follows compares it */
	return load_relaxed(&g->status) & ~(uint32_t)G_SCAN;
}

/* Tries once to add the scan bit to `from`: true, and the stack is the
 * caller's, until status_unscan(). */
bool status_scan(struct g *g, uint32_t from);
/* Takes the bit off again; fatal if the status is not `from` with the bit. */
void status_unscan(struct g *g, uint32_t from);
/* Takes a goroutine that was seen to wait or to be runnable, whichever it is by
 * now, into G_COPYSTACK; fatal if it is neither. Returns which it was, for
 * status_set(g, G_COPYSTACK, that). */
uint32_t status_copystack(struct g *g, uint32_t seen);
/* Of a goroutine that waits, by who took it out of where it waited. Fatal if it
 * does not wait. */
void status_ready(struct g *g);

#endif
