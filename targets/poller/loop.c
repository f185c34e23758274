#include "poller/loop.h"

unsigned poller_once(struct poller *p, int64_t delay)
{
	struct g *list[256];
	int waiters;
	unsigned n = p->backend->poll(p, delay, list, &waiters);
	for (unsigned i = 0; i < n; i++)
		runtime->ready(list[i]);
	poller_adjust(p, waiters);
	return n;
}

void poller_loop(struct poller *p, word32 *stop)
{
	/* pairs with: the stopper's store, which comes before its wake.
	 * kept: what the stopper did before; nobody reads it yet */
	while (load_acquire(stop) == 0)
		poller_once(p, -1);
}
