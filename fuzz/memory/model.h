/* What a memory model decides. One file each: sc.c, tso.c, armv8.c and c11.c;
 * models.c knows them by name.
 *
 * The access has been chosen by the scheduler and checked for races; the thread
 * is running. Values are those of the location's size. Real memory holds the
 * newest store of every location in memory order; a model that returns older
 * ones, or that holds stores back, keeps them itself. Where several stores
 * can be read, or several places taken, that will be a decision like those of
 * decide.h, with the newest store and the last place as option 0.
 */
#ifndef FUZZ_MEMORY_MODEL_H
#define FUZZ_MEMORY_MODEL_H

#include "memory/shadow.h"

/* The numbers by which compilers name orders to the __tsan_atomic functions. */
enum order { RELAXED, CONSUME, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST };

enum rmw { EXCHANGE, ADD, SUB, AND, OR, XOR, NAND, COMPARE };

/* What a read-modify-write is asked to do. */
struct update {
	enum rmw kind;
	uint64_t operand;
	uint64_t expected; /* COMPARE only: swap if this is found */
	enum order fail;   /* COMPARE only: the order if it is not */
	bool weak;         /* COMPARE only: may fail for no reason (weak.h) */
};

/* What of a model's options is on. */
enum model_option { LSE = 1, RCPC = 2, UNORDERED = 4, RELSEQ11 = 8 };

struct signature;

struct memory_model {
	const char *name;
	unsigned options; /* enum model_option, as bits */
	/* A new execution; nobody has started. */
	void (*begin)(void);
	/* Thread t begins with its creator's view (sim.cur, or NOBODY). */
	void (*start)(struct thread *t);
	/* t has joined `ended`, was woken by it, or was readied by it. */
	void (*joined)(struct thread *t, struct thread *ended);
	uint64_t (*load)(struct thread *t, struct location *l, enum order order);
	void (*store)(struct thread *t, struct location *l, uint64_t value, enum order order,
		      void *pc);
	/* Returns the value found; *stored says whether it was replaced, by
	 * *value. */
	uint64_t (*rmw)(struct thread *t, struct location *l, const struct update *u,
			enum order order, void *pc, bool *stored, uint64_t *value);
	void (*fence)(struct thread *t, enum order order);
	/* --- models with store buffers; else NULL --- */
	/* Stores but seq_cst ones are local to the thread, no step of their
	 * own; these and read-modify-writes wait for an empty buffer. */
	bool holds_stores;
	/* t's oldest buffered store reaches memory. */
	void (*flush)(struct thread *t);
	/* All of t's buffered stores reach memory: before plain code of its own
	 * looks at an atomic's bytes. Returns whether there was one. */
	bool (*drain)(struct thread *t);
	/* Whether t's pending operation is a load that would miss a store that
	 * another thread holds back: what a bound on stale reads counts. In
	 * the other models these are choices. */
	bool (*stale)(const struct thread *t);
	/* A seq_cst fence takes a place among the other threads' accesses. */
	bool orders_fences;
	/* Adds what later executions depend on; all[0 .. n): the locations, in
	 * an order of the caller's, or NULL for one not yet accessed. */
	void (*sign)(struct signature *s, struct location *const *all, unsigned n);
};

extern const struct memory_model *model;
enum { ARMV8_MODELS = 8, C11_MODELS = 2 };
extern const struct memory_model sc_model, tso_model, armv8_models[ARMV8_MODELS],
	c11_models[C11_MODELS];
/* The model of that name, "armv8+lse" like any other, or NULL; *which: its bit
 * among the models that cases name, 0 if they do not. */
const struct memory_model *model_named(const char *name, enum model *which);

static inline bool acquires(enum order o)
{
	return o == ACQUIRE || o == CONSUME || o == ACQ_REL || o == SEQ_CST;
}

static inline bool releases(enum order o)
{
	return o == RELEASE || o == ACQ_REL || o == SEQ_CST;
}

/* --- happens-before by atomics, the same in every model (C11 with C++20's
 * release sequences: only read-modify-writes continue one) --- */

/* t read a store: an acquiring read learns what it published, another one keeps
 * that for a later acquire fence. */
static inline void learn(struct thread *t, const struct store *s, enum order order)
{
	past_add(t, s->past);
	if (!s->has_sync)
		return;
	if (acquires(order)) {
		clock_join(&t->clock, &s->sync, sim.threads);
		return;
	}
	if (!t->has_acquired)
		clock_clear(&t->acquired);
	t->has_acquired = true;
	clock_join(&t->acquired, &s->sync, sim.threads);
}

/* Time goes on in t, so that what it does next is not covered by what it
 * published. */
static inline void tick(struct thread *t)
{
	t->clock.at[t->id]++;
}

/* What t's new store publishes; time goes on in t once the access is over
 * (tick_due). head: the store that a read-modify-write replaces. */
static inline void publish(struct thread *t, struct store *s, enum order order,
			   const struct store *head)
{
	bool chained = head && head->has_sync;
	if (chained && head != s)
		s->sync = head->sync;
	const struct clock *own = releases(order) ? &t->clock :
				  t->has_released ? &t->released : NULL;
	if (own && chained)
		clock_join(&s->sync, own, sim.threads);
	else if (own)
		s->sync = *own;
	s->has_sync = own || chained;
	t->tick_due = own;
}

/* A fence of t. */
static inline void fence_clocks(struct thread *t, enum order order)
{
	if (acquires(order) && t->has_acquired)
		clock_join(&t->clock, &t->acquired, sim.threads);
	if (releases(order)) {
		t->released = t->clock;
		t->has_released = true;
		tick(t);
	}
}

/* The value that u makes of `old`; *stored says whether it stores at all. */
static inline uint64_t update_value(const struct update *u, uint64_t old, bool *stored)
{
	*stored = u->kind != COMPARE || old == u->expected;
	switch (u->kind) {
	case ADD:
		return old + u->operand;
	case SUB:
		return old - u->operand;
	case AND:
		return old & u->operand;
	case OR:
		return old | u->operand;
	case XOR:
		return old ^ u->operand;
	case NAND:
		return ~(old & u->operand);
	case EXCHANGE:
	case COMPARE:
		break;
	}
	return u->operand;
}

#endif
