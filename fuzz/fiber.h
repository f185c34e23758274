/* Fibers: stacks that are switched by hand, so that a switch costs a few
 * nanoseconds and no system call.
 */
#ifndef FUZZ_FIBER_H
#define FUZZ_FIBER_H

#include <stddef.h>

struct fiber { void *sp; };

/* Makes *f a fiber that begins in entry() on the stack ending at `top`. entry
 * must not return. */
void fiber_init(struct fiber *f, void *top, void (*entry)(void));
/* Saves the running context in *from and goes on with *to. Returns when
 * somebody switches back to *from. */
void fiber_switch(struct fiber *from, struct fiber *to);
/* A stack of about `bytes` with an unmapped page below it. Returns its upper
 * end; running out of memory ends the program. */
void *fiber_stack(size_t bytes);

#endif
