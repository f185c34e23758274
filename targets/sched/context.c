#include "sched/context.h"

#include <stdint.h>

#include "base/world.h"

/* context_jump(from, sp): saves the running context on its stack, that stack in
 * from->sp, and goes on with what was saved at sp. There it returns `from`:
 * whom the context arrives from.
 *
 * Loading a control word costs more than looking at it: only if it differs.
 *
 * context_begin: where a new context arrives. It has no caller: backtraces end.
 */
#if defined __x86_64__
__asm__(".text\n"
	".globl context_jump\n"
	".type context_jump, @function\n"
	"context_jump:\n"
	"	.cfi_startproc\n"
	"	push %rbp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbp, 0\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbx, 0\n"
	"	push %r12\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %r12, 0\n"
	"	push %r13\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %r13, 0\n"
	"	push %r14\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %r14, 0\n"
	"	push %r15\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %r15, 0\n"
	"	sub $8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	mov (%rsp), %eax\n"
	"	mov 4(%rsp), %cx\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	xor (%rsp), %eax\n"
	"	test $0xffc0, %eax\n" /* the lower bits are status, not control */
	"	jz 1f\n"
	"	ldmxcsr (%rsp)\n"
	"1:	cmp 4(%rsp), %cx\n"
	"	je 2f\n"
	"	fldcw 4(%rsp)\n"
	"2:	add $8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %r15\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %r15\n"
	"	pop %r14\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %r14\n"
	"	pop %r13\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %r13\n"
	"	pop %r12\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %r12\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %rbx\n"
	"	pop %rbp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore %rbp\n"
	"	mov %rdi, %rax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size context_jump, .-context_jump\n"
	".globl context_begin\n"
	".type context_begin, @function\n"
	"context_begin:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined %rip\n"
	"	mov %r12, %rdi\n"
	"	mov %rax, %rsi\n"
	"	call *%rbx\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size context_begin, .-context_begin\n");

/* Control words, r15 to r12, rbx, rbp, the return address; and above, so that
 * context_begin finds the stack aligned, the end for whoever follows frames. */
enum { CONTROL = 0, SELF = 4, MAIN = 5, RETURN_AT = 7, SAVED = 10 };
/* Both as a process begins: rounding to nearest, nothing traps. */
#define CONTROL_WORDS (0x1f80 | UINT64_C(0x037f) << 32)
#elif defined __aarch64__
__asm__(".text\n"
	".globl context_jump\n"
	".type context_jump, %function\n"
	"context_jump:\n"
	"	.cfi_startproc\n"
	"	sub sp, sp, #176\n"
	"	.cfi_def_cfa_offset 176\n"
	"	stp x29, x30, [sp, #16]\n"
	"	.cfi_offset 29, -160\n"
	"	.cfi_offset 30, -152\n"
	"	stp x19, x20, [sp, #32]\n"
	"	.cfi_offset 19, -144\n"
	"	.cfi_offset 20, -136\n"
	"	stp x21, x22, [sp, #48]\n"
	"	.cfi_offset 21, -128\n"
	"	.cfi_offset 22, -120\n"
	"	stp x23, x24, [sp, #64]\n"
	"	.cfi_offset 23, -112\n"
	"	.cfi_offset 24, -104\n"
	"	stp x25, x26, [sp, #80]\n"
	"	.cfi_offset 25, -96\n"
	"	.cfi_offset 26, -88\n"
	"	stp x27, x28, [sp, #96]\n"
	"	.cfi_offset 27, -80\n"
	"	.cfi_offset 28, -72\n"
	"	stp d8, d9, [sp, #112]\n"
	"	stp d10, d11, [sp, #128]\n"
	"	stp d12, d13, [sp, #144]\n"
	"	stp d14, d15, [sp, #160]\n"
	"	mrs x10, fpcr\n"
	"	str x10, [sp]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldr x9, [sp]\n"
	"	cmp x9, x10\n"
	"	b.eq 1f\n"
	"	msr fpcr, x9\n"
	"1:	ldp x29, x30, [sp, #16]\n"
	"	ldp x19, x20, [sp, #32]\n"
	"	ldp x21, x22, [sp, #48]\n"
	"	ldp x23, x24, [sp, #64]\n"
	"	ldp x25, x26, [sp, #80]\n"
	"	ldp x27, x28, [sp, #96]\n"
	"	ldp d8, d9, [sp, #112]\n"
	"	ldp d10, d11, [sp, #128]\n"
	"	ldp d12, d13, [sp, #144]\n"
	"	ldp d14, d15, [sp, #160]\n"
	"	add sp, sp, #176\n"
	"	.cfi_def_cfa_offset 0\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size context_jump, .-context_jump\n"
	".globl context_begin\n"
	".type context_begin, %function\n"
	"context_begin:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined 30\n"
	"	mov x1, x0\n"
	"	mov x0, x19\n"
	"	mov x30, xzr\n"
	"	blr x20\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size context_begin, .-context_begin\n");

/* The control word, x29 and x30 (the return address), x19 and on. */
enum { CONTROL = 0, RETURN_AT = 3, SELF = 4, MAIN = 5, SAVED = 22 };
#define CONTROL_WORDS UINT64_C(0)
#else
#error "no context switch for this processor"
#endif

struct context *context_jump(struct context *from, void *sp);
void context_begin(void);

/* --- what sanitizers are told --- */

#ifdef CONTEXT_TSAN
/* Weak: what is compiled for ThreadSanitizer also runs under other listeners,
 * which follow threads and not stacks. */
void *__tsan_get_current_fiber(void) __attribute__((weak));
void *__tsan_create_fiber(unsigned flags) __attribute__((weak));
void __tsan_destroy_fiber(void *fiber) __attribute__((weak));
void __tsan_switch_to_fiber(void *fiber, unsigned flags) __attribute__((weak));
#endif
#ifdef CONTEXT_ASAN
void __sanitizer_start_switch_fiber(void **fake_stack, const void *low, size_t bytes);
void __sanitizer_finish_switch_fiber(void *fake_stack, const void **low, size_t *bytes);
void __asan_unpoison_memory_region(const volatile void *low, size_t bytes);
#endif

static void tell_made(struct context *c, void *low, size_t bytes)
{
	(void)c;
	(void)low;
	(void)bytes;
#ifdef CONTEXT_TSAN
	/* unreached: under the race detector only */
	c->fiber = __tsan_create_fiber ? __tsan_create_fiber(0) : NULL;
#endif
#ifdef CONTEXT_ASAN
	c->low = low;
	c->bytes = bytes;
	c->fake_stack = NULL;
#endif
}

/* The last before the jump. */
static inline void tell_leaving(struct context *from, struct context *to)
{
	(void)from;
	(void)to;
#ifdef CONTEXT_ASAN
	__sanitizer_start_switch_fiber(from->ended ? NULL : &from->fake_stack, to->low, to->bytes);
#endif
#ifdef CONTEXT_TSAN
	/* unreached: under the race detector only */
	if (__tsan_switch_to_fiber) {
		/* A thread's own context learns its fiber here. */
		from->fiber = __tsan_get_current_fiber();
		__tsan_switch_to_fiber(to->fiber, 0);
	}
#endif
}

void context_drop(struct context *c)
{
	c->sp = NULL;
#ifdef CONTEXT_ASAN
	/* Frames that never returned have left their red zones. */
	__asan_unpoison_memory_region(c->low, c->bytes);
#endif
#ifdef CONTEXT_TSAN
	/* unreached: likewise */
	if (__tsan_destroy_fiber)
		__tsan_destroy_fiber(c->fiber);
	c->fiber = NULL;
#endif
}

/* The first after it. */
static inline void tell_arrived(struct context *self, struct context *from)
{
	(void)self;
#ifdef CONTEXT_ASAN
	/* Learns the bounds of a thread's own stack, too. */
	__sanitizer_finish_switch_fiber(self->fake_stack, &from->low, &from->bytes);
#endif
	if (from->ended)
		context_drop(from);
}

/* --- contexts --- */

static void context_main(struct context *c, struct context *from)
{
	tell_arrived(c, from);
	c->entry(c->arg);
	world_fatal("a context's entry returned");
}

void context_make(struct context *c, void *stack_low, size_t bytes, void (*entry)(void *arg),
		  void *arg)
{
	uintptr_t top = ((uintptr_t)stack_low + bytes) & ~(uintptr_t)15;
	uint64_t *sp = (uint64_t *)top - SAVED;
	for (int i = 0; i < SAVED; i++)
		sp[i] = 0;
	sp[CONTROL] = CONTROL_WORDS;
	sp[SELF] = (uintptr_t)c;
	sp[MAIN] = (uintptr_t)context_main;
	sp[RETURN_AT] = (uintptr_t)context_begin;
	c->entry = entry;
	c->arg = arg;
	c->ended = false;
	tell_made(c, stack_low, bytes);
	c->sp = sp;
}

/* Not inlined: the compiler must not keep what belongs to a thread, such as the
 * address of errno, from before to after. */
__attribute__((noinline)) void context_switch(struct context *from, struct context *to)
{
	void *sp = to->sp;
	if (!sp)
		world_fatal("a switch to a context that runs or has ended");
	to->sp = NULL;
	/* Done again by the jump, of which race detectors see nothing. */
	from->sp = NULL;
	tell_leaving(from, to);
	tell_arrived(from, context_jump(from, sp));
}

void context_end(struct context *from, struct context *to)
{
	from->ended = true;
	context_switch(from, to);
	__builtin_unreachable();
}
