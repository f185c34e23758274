/* links: targets/sched/context.c targets/base/lock.c stress/world.c */
/* libs: m */
/* also: tsan */
/* Contexts: what a switch keeps, also into another thread. */
#include <fenv.h>

#include "base/lock.h"
#include "sched/context.h"
#include "tests/unit/check.h"

enum { STACK = 64 << 10, MANY = 8, TURNS = 1000 };

static struct context home; /* the test's own thread */

static struct worker {
	struct context context;
	void *stack;
	unsigned id, turns;
} worker[MANY];

static void make(unsigned n, void (*entry)(void *))
{
	for (unsigned i = 0; i < n; i++) {
		worker[i].id = i;
		worker[i].turns = 0;
		worker[i].stack = world_map(STACK);
		context_make(&worker[i].context, worker[i].stack, STACK, entry, &worker[i]);
	}
}

static void free_stacks(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		world_unmap(worker[i].stack, STACK);
}

/* Switches with every preserved register holding a value of its own made of
 * seed. Returns 0 if all came back. */
uint64_t switch_with_registers(struct context *from, struct context *to, uint64_t seed);
#if defined __x86_64__
__asm__(".text\n"
	"switch_with_registers:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n"
	"	push %r14\n	push %r15\n	push %rdx\n"
	"	lea 1(%rdx), %rbp\n	lea 2(%rdx), %rbx\n	lea 3(%rdx), %r12\n"
	"	lea 4(%rdx), %r13\n	lea 5(%rdx), %r14\n	lea 6(%rdx), %r15\n"
	"	call context_switch\n"
	"	pop %rdx\n	xor %eax, %eax\n"
	"	sub $1, %rbp\n	sub $2, %rbx\n	sub $3, %r12\n"
	"	sub $4, %r13\n	sub $5, %r14\n	sub $6, %r15\n"
	"	xor %rdx, %rbp\n	or %rbp, %rax\n"
	"	xor %rdx, %rbx\n	or %rbx, %rax\n"
	"	xor %rdx, %r12\n	or %r12, %rax\n"
	"	xor %rdx, %r13\n	or %r13, %rax\n"
	"	xor %rdx, %r14\n	or %r14, %rax\n"
	"	xor %rdx, %r15\n	or %r15, %rax\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n"
	"	pop %rbx\n	pop %rbp\n	ret\n");
#elif defined __aarch64__
#define EACH(DO) DO(19, 8) DO(20, 9) DO(21, 10) DO(22, 11) DO(23, 12) DO(24, 13) DO(25, 14) \
	DO(26, 15)
#define SET(x, d) "	add x" #x ", x2, #" #x "\n	add x9, x2, #" #d "\n	fmov d" #d ", x9\n"
#define COMPARE(x, d)                                                                      \
	"	sub x" #x ", x" #x ", #" #x "\n	eor x" #x ", x" #x ", x2\n"                  \
	"	orr x0, x0, x" #x "\n	fmov x9, d" #d "\n	sub x9, x9, #" #d "\n"       \
	"	eor x9, x9, x2\n	orr x0, x0, x9\n"
__asm__(".text\n"
	"switch_with_registers:\n"
	"	sub sp, sp, #176\n"
	"	stp x29, x30, [sp]\n	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n	str x2, [sp, #160]\n"
	"	stp d8, d9, [sp, #96]\n	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n	stp d14, d15, [sp, #144]\n"
	EACH(SET)
	"	add x27, x2, #27\n	add x28, x2, #28\n	add x29, x2, #29\n"
	"	bl context_switch\n"
	"	ldr x2, [sp, #160]\n	mov x0, #0\n"
	EACH(COMPARE)
	"	sub x27, x27, #27\n	eor x27, x27, x2\n	orr x0, x0, x27\n"
	"	sub x28, x28, #28\n	eor x28, x28, x2\n	orr x0, x0, x28\n"
	"	sub x29, x29, #29\n	eor x29, x29, x2\n	orr x0, x0, x29\n"
	"	ldp x29, x30, [sp]\n	ldp x19, x20, [sp, #16]\n	ldp x21, x22, [sp, #32]\n"
	"	ldp x23, x24, [sp, #48]\n	ldp x25, x26, [sp, #64]\n"
	"	ldp x27, x28, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #176\n	ret\n");
#endif

static uint64_t lost[2];

static void keep_registers(void *arg)
{
	struct worker *w = arg;
	for (w->turns = 0; w->turns < 100; w->turns++)
		lost[w->id] |= switch_with_registers(&w->context, &worker[!w->id].context,
						     (w->id + 3) * UINT64_C(0x123456789abc));
	context_end(&w->context, &home);
}

TEST(preserved_registers_are_kept)
{
	make(2, keep_registers);
	context_switch(&home, &worker[0].context); /* it ends here, and so does the other */
	context_switch(&home, &worker[1].context);
	CHECK_EQ(lost[0], 0);
	CHECK_EQ(lost[1], 0);
	free_stacks(2);
}

static int rounding[2];

static void round_upwards(void *arg)
{
	struct worker *w = arg;
	rounding[0] = fegetround();
	fesetround(FE_UPWARD);
	context_switch(&w->context, &home);
	volatile double one = 1, three = 3; /* and what the processor does of it */
	rounding[1] = fegetround() == FE_UPWARD && one / three > 0.33333333333333334;
	context_end(&w->context, &home);
}

TEST(each_context_rounds_its_own_way)
{
	fesetround(FE_DOWNWARD);
	make(1, round_upwards);
	context_switch(&home, &worker[0].context);
	CHECK_EQ(rounding[0], FE_TONEAREST);
	CHECK_EQ(fegetround(), FE_DOWNWARD);
	context_switch(&home, &worker[0].context);
	CHECK_EQ(rounding[1], 1);
	CHECK_EQ(fegetround(), FE_DOWNWARD);
	fesetround(FE_TONEAREST);
	free_stacks(1);
}

/* --- threads --- */

/* Contexts that go from thread to thread; the queue is the order between
 * them. */
static mutex queue_lock;
static struct worker *queue[MANY];
static unsigned queued, finished;
static _Thread_local struct context thread_home;
static uintptr_t seen[2]; /* turns, by thread; under the lock */

/* The thread may be another after each switch, and so may its variables. */
__attribute__((noinline)) static struct context *this_home(void)
{
	__asm__ volatile("" ::: "memory");
	return &thread_home;
}

static void put(struct worker *w)
{
	mutex_lock(&queue_lock);
	queue[queued++] = w;
	mutex_unlock(&queue_lock);
}

/* One whose turn it is to run on this thread: it was on the other before. */
static struct worker *take(unsigned *done)
{
	struct worker *w = NULL;
	uintptr_t thread = (uintptr_t)world_local() - 1;
	mutex_lock(&queue_lock);
	for (unsigned i = 0; i < queued && !w; i++)
		if (queue[i]->turns % 2 == thread) {
			w = queue[i];
			queue[i] = queue[--queued];
		}
	*done = finished;
	mutex_unlock(&queue_lock);
	return w;
}

static void wander(void *arg)
{
	struct worker *w = arg;
	uint64_t lost_here = 0;
	while (w->turns < TURNS) {
		w->turns++;
		lost_here |= switch_with_registers(&w->context, this_home(), w->id + 1000);
		uintptr_t thread = (uintptr_t)world_local();
		mutex_lock(&queue_lock);
		seen[thread - 1]++;
		mutex_unlock(&queue_lock);
	}
	CHECK_EQ(lost_here, 0);
	context_end(&w->context, this_home());
}

static void run_contexts(void *arg)
{
	unsigned done = 0;
	world_set_local(arg);
	while (done < MANY) {
		struct worker *w = take(&done);
		if (!w) {
			world_yield();
			continue;
		}
		context_switch(this_home(), &w->context);
		if (!w->context.ended) {
			put(w);
			continue;
		}
		mutex_lock(&queue_lock);
		finished++;
		mutex_unlock(&queue_lock);
	}
}

TEST(contexts_wander_between_threads)
{
	world_thread thread[2];
	mutex_init(&queue_lock);
	make(MANY, wander);
	for (unsigned i = 0; i < MANY; i++)
		put(&worker[i]);
	for (uintptr_t i = 0; i < 2; i++)
		CHECK_EQ(world_thread_start(&thread[i], run_contexts, (void *)(i + 1)), 0);
	for (unsigned i = 0; i < 2; i++)
		world_thread_join(thread[i]);
	CHECK_EQ(seen[0], MANY * TURNS / 2);
	CHECK_EQ(seen[1], MANY * TURNS / 2);
	free_stacks(MANY);
}
