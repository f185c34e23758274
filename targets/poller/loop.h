/* A thread that polls: what a scheduler does when it has nothing else to run.
 */
#ifndef POLLER_LOOP_H
#define POLLER_LOOP_H

#include "poller/poller.h"

/* Polls and readies until *stop is not 0; after setting it, wake the backend.
 */
void poller_loop(struct poller *p, word32 *stop);
/* One poll of `delay` ns. Returns how many goroutines it readied. */
unsigned poller_once(struct poller *p, int64_t delay);

#endif
