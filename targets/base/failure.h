/* Failure classes and memory models: the same strings in C, JSON, JUnit and
 * HTML. */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

/* Failure classes:
 *   lost_wakeup          waiter parked, cause present, nobody left to wake it
 *   wedge                a spin on a state that can no longer change
 *   stale_arm            what was armed for an earlier use acted on a later one
 *   lost_event           readiness reported once and dropped
 *   lost_error           an error mark wiped out before it was read
 *   lost_work            runnable goroutine, idle processor, nobody to join them
 *   block_leak           span-set block neither pooled nor in use
 *   early_free           block freed while in use
 *   lost_item            pushed, never popped
 *   duplicate_item       popped twice
 *   desc_leak            descriptor never given back
 *   stack_corruption     canary or self-relative data wrong
 *   deadlock             nobody can go on, and no finer class applies
 *   livelock             endless steps without progress
 *   wrong_outcome        one that the case does not list
 *   data_race            two unordered accesses, one a plain write
 *   memory_error         use after free, overflow
 *   model_violation      hardware did what its model forbids
 *   fatal                the target's own throw
 *   crash                a signal ended the child
 *   timeout              the child outlived its bound: never evidence
 *   engine_error         the rig itself failed
 */
#define FAILURES(X) \
	X(LOST_WAKEUP, "lost_wakeup") \
	X(WEDGE, "wedge") \
	X(STALE_ARM, "stale_arm") \
	X(LOST_EVENT, "lost_event") \
	X(LOST_ERROR, "lost_error") \
	X(LOST_WORK, "lost_work") \
	X(BLOCK_LEAK, "block_leak") \
	X(EARLY_FREE, "early_free") \
	X(LOST_ITEM, "lost_item") \
	X(DUPLICATE_ITEM, "duplicate_item") \
	X(DESC_LEAK, "desc_leak") \
	X(STACK_CORRUPTION, "stack_corruption") \
	X(DEADLOCK, "deadlock") \
	X(LIVELOCK, "livelock") \
	X(WRONG_OUTCOME, "wrong_outcome") \
	X(DATA_RACE, "data_race") \
	X(MEMORY_ERROR, "memory_error") \
	X(UNDEFINED_BEHAVIOUR, "undefined_behaviour") \
	X(MODEL_VIOLATION, "model_violation") \
	X(FATAL, "fatal") \
	X(CRASH, "crash") \
	X(TIMEOUT, "timeout") \
	X(ENGINE_ERROR, "engine_error")

enum failure {
	NO_FAILURE,
#define X(id, text) id,
	FAILURES(X)
#undef X
	FAILURE_COUNT
};

/* unreached: asked by whoever reports */
static inline const char *failure_text(enum failure f)
{
	static const char *const text[] = {
		"none",
#define X(id, text) text,
		FAILURES(X)
#undef X
	};
	return (unsigned)f < FAILURE_COUNT ? text[f] : "unknown";
}

/* Memory models, as bits: which of them can show a bug. */
enum model {
	NO_MODEL = 0, /* a variant that is to stay quiet: harmless alone */
	SC = 1,
	TSO = 2,
	ARMV8 = 4,
	ARMV8_LSE = 8,
	ARMV8_RCPC = 16,
	ARMV8_LSE_RCPC = 32,
	C11 = 64,
	EVERY_MODEL = 127,
	MODEL_COUNT = 7
};

/* The name of model bit 1 << i, as --model takes it. */
static inline const char *model_text(unsigned i)
{
	static const char *const text[MODEL_COUNT] = { "sc", "tso", "armv8", "armv8+lse",
						       "armv8+rcpc", "armv8+lse+rcpc", "c11" };
	/* unreached: nobody asks for another */
	return i < MODEL_COUNT ? text[i] : "unknown";
}

#endif
