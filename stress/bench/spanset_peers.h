/* The span set's peers: stacks and queues of userspace-rcu and of Concurrency
 * Kit, where their headers are installed. Only what their headers have inline
 * is used, so that nothing need be linked.
 */
#ifndef BENCH_SPANSET_PEERS_H
#define BENCH_SPANSET_PEERS_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "stress/bench/spanset_bench.h"

#if __has_include(<urcu/wfcqueue.h>) && __has_include(<urcu/lfstack.h>)
#define _LGPL_SOURCE
#include <urcu/lfstack.h>
#include <urcu/wfcqueue.h>

static struct cds_lfs_stack lfs;
static struct cds_wfcq_head wfcq_head;
static _Alignas(128) struct cds_wfcq_tail wfcq_tail;

static void lfs_begin(void)
{
	cds_lfs_init(&lfs);
}

static void lfs_put(void *node)
{
	cds_lfs_node_init(node);
	cds_lfs_push(&lfs, node);
}

/* Poppers share a lock, or nodes could not be used again. */
static void *lfs_take(void)
{
	return cds_lfs_pop_blocking(&lfs);
}

static void wfcq_begin(void)
{
	cds_wfcq_init(&wfcq_head, &wfcq_tail);
}

static void wfcq_put(void *node)
{
	cds_wfcq_node_init(node);
	cds_wfcq_enqueue(&wfcq_head, &wfcq_tail, node);
}

static void *wfcq_take(void)
{
	return cds_wfcq_dequeue_blocking(&wfcq_head, &wfcq_tail);
}

/* Of a consumer that is alone. */
static void *wfcq_take_alone(void)
{
	return __cds_wfcq_dequeue_blocking(&wfcq_head, &wfcq_tail);
}

#define URCU_PEERS                                                                     \
	{ "urcu_lfstack", lfs_begin, lfs_put, lfs_take, lfs_take, false },             \
	{ "urcu_wfcqueue", wfcq_begin, wfcq_put, wfcq_take, wfcq_take_alone, false },
#else
#define URCU_PEERS
#endif

#if __has_include(<ck_stack.h>) && __has_include(<ck_ring.h>)
#include <ck_ring.h>
#include <ck_stack.h>

enum { RING = 1 << 16 };
static _Alignas(128) ck_stack_t cks;
static _Alignas(128) ck_ring_t ckr;
static ck_ring_buffer_t ckr_buffer[RING];

static void cks_begin(void)
{
	ck_stack_init(&cks);
}

static void cks_put(void *node)
{
	ck_stack_push_mpmc(&cks, node);
}

static void *cks_take(void)
{
	return ck_stack_pop_mpmc(&cks);
}

static void ckr_begin(void)
{
	ck_ring_init(&ckr, RING);
}

static void ckr_put(void *node)
{
	while (!ck_ring_enqueue_mpmc(&ckr, ckr_buffer, node))
		world_relax();
}

static void *ckr_take(void)
{
	void *node = NULL;
	return ck_ring_dequeue_mpmc(&ckr, ckr_buffer, &node) ? node : NULL;
}

#define CK_PEERS                                              \
	{ "ck_stack", cks_begin, cks_put, cks_take, cks_take, false }, \
	{ "ck_ring", ckr_begin, ckr_put, ckr_take, ckr_take, true },
#else
#define CK_PEERS
#endif

#endif
