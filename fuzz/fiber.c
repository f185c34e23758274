#include "fiber.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "region.h"

/* Only what the calling conventions make the callee keep is saved: the compiler
 * has put the rest away before the call. */
#if defined __x86_64__
__asm__(".text\n"
	".globl fiber_switch\n"
	".type fiber_switch, @function\n"
	"fiber_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov (%rsi), %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size fiber_switch, .-fiber_switch\n");

/* Above the return address lies a zero, so that entry finds the stack aligned
 * as after a call and a backtrace ends there. */
enum { SAVED = 6, ABOVE = 2, RETURN_AT = SAVED };
#elif defined __aarch64__
__asm__(".text\n"
	".globl fiber_switch\n"
	".type fiber_switch, %function\n"
	"fiber_switch:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	ldr x9, [x1]\n"
	"	mov sp, x9\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size fiber_switch, .-fiber_switch\n");

/* x30, the link register, is the twelfth word saved. */
enum { SAVED = 20, ABOVE = 0, RETURN_AT = 11 };
#else
#error "no fiber switch for this processor"
#endif

void fiber_init(struct fiber *f, void *top, void (*entry)(void))
{
	uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15) - ABOVE - SAVED;
	for (int i = 0; i < SAVED + ABOVE; i++)
		sp[i] = 0;
	sp[RETURN_AT] = (uintptr_t)entry;
	f->sp = sp;
}

void *fiber_stack(size_t bytes)
{
	enum { GUARD = 65536 };
	static uintptr_t next = REGION_STACKS;
	static unsigned stacks;
	char *low = region_map(next, bytes + GUARD);
	next += bytes + GUARD;
	if (!low || mprotect(low, GUARD, PROT_NONE) != 0) {
		perror("explore: no memory for a fiber's stack");
		exit(2);
	}
	/* Their ends lie in different sets of the processor's cache. */
	return low + GUARD + bytes - stacks++ % 8 * 448;
}
