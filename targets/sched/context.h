/* Contexts: several lines of execution that share a thread, each on a stack of
 * its own, switched by hand in a few nanoseconds.
 *
 * A switch keeps what the calling conventions let a callee destroy least: the
 * preserved registers and the floating-point control words (System V AMD64 ABI
 * 1.0, 3.2.1; AAPCS64, 6.1). A context may go on in another thread than the one
 * it stopped in; that it has stopped for good before it does is the caller's to
 * order. Race detectors check that: a switch writes the context it leaves and
 * reads the one it goes to.
 *
 * Sanitizers are told of each switch (a ThreadSanitizer fiber and an
 * AddressSanitizer stack each), with the order that a thread gives to what it
 * does and no more.
 */
#ifndef SCHED_CONTEXT_H
#define SCHED_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#if defined __SANITIZE_THREAD__
#define CONTEXT_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define CONTEXT_TSAN 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__
#define CONTEXT_ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#endif

/* Zeroed, it stands for what its thread does now, on the thread's own stack. */
struct context {
	/* Where it goes on, the lowest byte of its stack in use; NULL while it
	 * runs, before it was made and after its end. First: the switch stores
	 * it. */
	void *sp;
	void (*entry)(void *arg);
	void *arg;
	bool ended;
#ifdef CONTEXT_TSAN
	void *fiber;
#endif
#ifdef CONTEXT_ASAN
	void *fake_stack;
	const void *low;
	size_t bytes;
#endif
};

/* Makes *c a context that begins with entry(arg) on the `bytes` bytes of stack
 * from stack_low. The highest 256 bytes must be accessible now, the rest where
 * the context uses it. entry must not return. */
void context_make(struct context *c, void *stack_low, size_t bytes, void (*entry)(void *arg),
		  void *arg);
/* Saves the running context in *from and goes on with *to, which must have
 * stopped (fatal if it has not). Returns when somebody switches to *from,
 * perhaps in another thread. */
void context_switch(struct context *from, struct context *to);
/* As context_switch(), but *from never goes on: once *to does, the stack of
 * *from is free, and *from can be made anew. */
_Noreturn void context_end(struct context *from, struct context *to);
/* Gives up a context that has stopped and shall not go on. */
void context_drop(struct context *c);

#endif
