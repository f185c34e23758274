/* An aimed poller: what it reports is held back until the world stands still
 * and the collector comes by, and then reported one by one, each while its
 * goroutine's turn is near. Every delay here is one that an unlucky worker
 * could have by itself.
 */
#include "poller/poller.h"
#include "sched/gc.h"
#include "storms/sched/wild.h"

static const struct poll_backend *kind; /* that is aimed */

enum { LOOKS = 4000, JITTER = 100000, EVENTS = 256 };

/* Fetched and not reported yet, by number, the first last. */
static struct {
	mutex lock; /* guards the rest */
	struct g *list[EVENTS];
	unsigned count;
	int waiters;
} held;

static bool stopping(struct sched *s)
{
	/* pairs with: stw_stop() */
	return load_acquire(&s->stopping) != 0;
}

/* The collector takes goroutines in the order of their numbers. */
static void await_collector(struct sched *s, const struct g *g)
{
	static _Thread_local uint64_t rng = 1;
	for (int i = 0; i < LOOKS && !stopping(s); i++)
		world_yield(); /* somebody may need this processor */
	while (stopping(s) && gc_taken() <= g->id)
		;
	for (uint32_t n = rng_below(&rng, JITTER); n > 0 && stopping(s); n--)
		;
}

static void hold(struct g **list, unsigned n, int waiters)
{
	held.waiters += waiters;
	for (unsigned i = 0; i < n; i++) {
		unsigned at = held.count++;
		for (; at > 0 && held.list[at - 1]->id < list[i]->id; at--)
			held.list[at] = held.list[at - 1];
		held.list[at] = list[i];
	}
}

static unsigned report(struct g **list, int *waiters)
{
	unsigned n = held.count > 0;
	if (n)
		list[0] = held.list[--held.count];
	if (held.count == 0) {
		*waiters = held.waiters;
		held.waiters = 0;
	}
	return n;
}

/* Workers that have a processor see nothing yet, and leave it to the one that
 * has none and may report at any moment. */
static unsigned poll_aimed(struct poller *p, int64_t delay, struct g **list, int *waiters)
{
	struct M *m = m_self();
	struct g *found[EVENTS];
	int more;
	*waiters = 0;
	if (!m || m->p)
		return 0;
	mutex_lock(&held.lock);
	unsigned n = report(list, waiters);
	mutex_unlock(&held.lock);
	if (n == 0) {
		unsigned k = kind->poll(p, delay, found, &more);
		mutex_lock(&held.lock);
		hold(found, k, more);
		n = report(list, waiters);
		mutex_unlock(&held.lock);
	}
	if (n > 0)
		await_collector(sched_current(), list[0]);
	return n;
}

const struct poll_backend *wild_backend(const struct poll_backend *under)
{
	static struct poll_backend aimed;
	held.count = 0;
	held.waiters = 0;
	kind = under;
	aimed = *under;
	aimed.poll = poll_aimed;
	return &aimed;
}
