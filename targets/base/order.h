/* Atomic words with the memory order in the name of every operation.
 *
 * A word is a struct, so that `w = 1`, `w++` and `if (w)` (all of them silently
 * seq_cst in C11) do not compile. This is the only file that names a
 * memory_order; ci/tidy.py checks it, and that every operation stronger than
 * relaxed carries a comment naming its partner, and every relaxed one its
 * reason.
 *
 * All operations are macros over <stdatomic.h>: they work for word32, word64
 * and wordptr alike, and an instrumenting compiler sees the access at its
 * caller's line.
 */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct { _Atomic(uint32_t) v; } word32;
typedef struct { _Atomic(uint64_t) v; } word64;
typedef struct { _Atomic(uintptr_t) v; } wordptr;

/* Before the word is shared. A plain access: it begins the word's history.
 * gcc's atomic_init() would be an atomic one. */
#define word_init(w, x) ((void)(*(__typeof__((w)->v + 0) *)&(w)->v = (x)))

#define load_relaxed(w) atomic_load_explicit(&(w)->v, memory_order_relaxed)
#define load_acquire(w) atomic_load_explicit(&(w)->v, memory_order_acquire)
#define load_seq_cst(w) atomic_load_explicit(&(w)->v, memory_order_seq_cst)

#define store_relaxed(w, x) atomic_store_explicit(&(w)->v, (x), memory_order_relaxed)
#define store_release(w, x) atomic_store_explicit(&(w)->v, (x), memory_order_release)
#define store_seq_cst(w, x) atomic_store_explicit(&(w)->v, (x), memory_order_seq_cst)

#define exchange_acquire(w, x) atomic_exchange_explicit(&(w)->v, (x), memory_order_acquire)
#define exchange_release(w, x) atomic_exchange_explicit(&(w)->v, (x), memory_order_release)
#define exchange_acq_rel(w, x) atomic_exchange_explicit(&(w)->v, (x), memory_order_acq_rel)
#define exchange_seq_cst(w, x) atomic_exchange_explicit(&(w)->v, (x), memory_order_seq_cst)

/* Strong compare-and-swap. `seen` points to the expected value and receives the
 * value found on failure; the failure order is the strongest that the success
 * order contains. Returns whether the swap was made. */
#define cas_relaxed(w, seen, x) BASE_CAS(w, seen, x, memory_order_relaxed, memory_order_relaxed)
#define cas_acquire(w, seen, x) BASE_CAS(w, seen, x, memory_order_acquire, memory_order_acquire)
#define cas_release(w, seen, x) BASE_CAS(w, seen, x, memory_order_release, memory_order_relaxed)
#define cas_acq_rel(w, seen, x) BASE_CAS(w, seen, x, memory_order_acq_rel, memory_order_acquire)
#define cas_seq_cst(w, seen, x) BASE_CAS(w, seen, x, memory_order_seq_cst, memory_order_seq_cst)
/* The weak one may fail though it finds what it expects: for loops that try
 * again anyway. */
#define cas_weak_acq_rel(w, seen, x) \
	atomic_compare_exchange_weak_explicit(&(w)->v, (seen), (x), memory_order_acq_rel, \
					      memory_order_acquire)
#define BASE_CAS(w, seen, x, ok, fail) \
	atomic_compare_exchange_strong_explicit(&(w)->v, (seen), (x), (ok), (fail))

#define fetch_add_relaxed(w, x) atomic_fetch_add_explicit(&(w)->v, (x), memory_order_relaxed)
#define fetch_add_release(w, x) atomic_fetch_add_explicit(&(w)->v, (x), memory_order_release)
#define fetch_add_acq_rel(w, x) atomic_fetch_add_explicit(&(w)->v, (x), memory_order_acq_rel)
#define fetch_add_seq_cst(w, x) atomic_fetch_add_explicit(&(w)->v, (x), memory_order_seq_cst)
#define fetch_or_relaxed(w, x) atomic_fetch_or_explicit(&(w)->v, (x), memory_order_relaxed)

#define fence_seq_cst() atomic_thread_fence(memory_order_seq_cst)

/* Bare access: what history wrote as a plain load or store of a word that other
 * threads touch. A relaxed atomic stands in for it, so that hardware and memory
 * models may reorder it while C still gives it a meaning. In a `+plain` variant
 * (PLAIN_FIELDS) it is truly plain, for the data-race detectors. */
#ifdef PLAIN_FIELDS
#define BASE_PLAIN(w) (*(__typeof__((w)->v + 0) *)(void *)&(w)->v)
#define bare_load(w) BASE_PLAIN(w)
#define bare_store(w, x) ((void)(BASE_PLAIN(w) = (x)))
#else
#define bare_load(w) load_relaxed(w)
#define bare_store(w, x) store_relaxed(w, x)
#endif

#endif
