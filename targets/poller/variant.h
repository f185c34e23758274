/* What the switches of this target replace: the orders of the semaphores and
 * the way in which waiters learn of closing and expired deadlines. Logic that a
 * switch drops is marked where it is dropped. Each switch is a variant of the
 * build; where the text NAME+plain appears, so is one whose bare fields are
 * truly plain.
 *
 *   BUG_PLAIN_RG       before October 2021 (golang/go#48925): semaphores and flags
 *                      bare; a seq_cst store to an unrelated word as "barrier".
 *                      Also built as BUG_PLAIN_RG+plain.
 *   BUG_BARE_FLAGS     before January 2022 (golang/go#45211, CL 378234): semaphores
 *                      atomic, flags bare, the same barrier. BUG_BARE_FLAGS+plain.
 *   BUG_RELEASE_DUMMY  as above with that store a plain release, the portable C11
 *                      translation that people write. BUG_RELEASE_DUMMY+plain.
 *   BUG_RELEASE_ALL    and the semaphores acquire/release too. BUG_RELEASE_ALL+plain.
 *   BUG_ACQREL_STORE   a plausible wrong fix: publish by a release store, check by an
 *                      acquire load, and the semaphores acquire/release.
 *   BUG_ACQREL_RMW     the same with publish by an acq_rel read-modify-write.
 */
#ifndef POLLER_VARIANT_H
#define POLLER_VARIANT_H

#include "base/order.h"

#if defined BUG_PLAIN_RG || defined BUG_BARE_FLAGS || defined BUG_RELEASE_DUMMY || \
	defined BUG_RELEASE_ALL
#define BARE_FLAGS 1
#endif

/* The flags that waiters read without the lock in history's form: bare words
 * there, plain fields under the lock in the fixed one (the waiters read `info`
 * instead). */
#ifdef BARE_FLAGS
typedef word32 flag32;
typedef word64 flag64;
#define flag_get(f) bare_load(f)
#define flag_set(f, x) bare_store(f, x)
#else
typedef uint32_t flag32;
typedef uint64_t flag64;
#define flag_get(f) (*(f))
#define flag_set(f, x) ((void)(*(f) = (x)))
#endif

/* The semaphores rg and wg. */
#if defined BUG_PLAIN_RG
#define sem_load(s) bare_load(s)
#define sem_store(s, x) bare_store(s, x)
#define sem_cas(s, seen, x) cas_seq_cst(s, seen, x)
#define sem_exchange(s, x) exchange_seq_cst(s, x)
#elif defined BUG_RELEASE_ALL || defined BUG_ACQREL_STORE || defined BUG_ACQREL_RMW
#define sem_load(s) load_acquire(s)
#define sem_store(s, x) store_release(s, x)
#define sem_cas(s, seen, x) cas_acq_rel(s, seen, x)
#define sem_exchange(s, x) exchange_acq_rel(s, x)
#else
/* pairs with: each other, and through the store-buffering shape with info: a
 * waiter sets WAIT then reads info, an updater writes info then reads the
 * semaphore.
 * kept: Go's are seq_cst everywhere; the two of that shape need it */
#define sem_load(s) load_seq_cst(s)
#define sem_store(s, x) store_seq_cst(s, x)
#define sem_cas(s, seen, x) cas_seq_cst(s, seen, x)
/* kept: as above */
#define sem_exchange(s, x) exchange_seq_cst(s, x)
#endif

#endif
