/* One thread and the run queues of three processors, against lists: every
 * goroutine comes out once, from where it must be and in its turn. */
/* links: targets/sched/runq.c targets/base/lock.c stress/world.c */
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "sched/idle.h"
#include "sched/runq.h"

enum { PROCS = 3, SLOTS = 16, GOROUTINES = 128, SHIFTS = 3 };

/* A list as it should be; the first is the next to be taken. */
struct list {
	unsigned count;
	struct G *g[GOROUTINES];
};

enum { APART = 128, PROC = (sizeof(struct P) + SLOTS * sizeof(wordptr)) / APART * APART + APART };
static struct {
	struct sched s;
	_Alignas(struct P) char proc[PROCS][PROC];
	struct G g[GOROUTINES];
	struct list outside, all, ring[PROCS], sent[PROCS];
	struct G *next[PROCS];
} a;

/* What queues are told to be on, under the scheduler's name. */
void nobody_idle(struct sched *s) __asm__("idle_wake_slow");

void nobody_idle(struct sched *s)
{
	(void)s;
	leave_check(false, "somebody is woken, and no processor is idle");
}

static struct P *proc(unsigned i)
{
	return (struct P *)(void *)a.proc[i];
}

static struct G *take(struct list *l)
{
	if (l->count == 0)
		return NULL;
	struct G *g = l->g[0];
	memmove(&l->g[0], &l->g[1], --l->count * sizeof *l->g);
	return g;
}

static void append(struct list *l, struct G *g)
{
	l->g[l->count++] = g;
}

static struct G *take_next(unsigned i)
{
	struct G *g = a.next[i];
	a.next[i] = NULL;
	return g;
}

static void into_ring(unsigned i, struct G *g)
{
	unsigned slots = proc(i)->mask + 1;
	if (a.ring[i].count < slots) {
		append(&a.ring[i], g);
		return;
	}
	for (unsigned n = slots / 2; n > 0; n--)
		append(&a.all, take(&a.ring[i]));
	append(&a.all, g);
}

static void came(struct G *got, struct G *wanted)
{
	leave_check(got == wanted, "another goroutine comes out");
	if (wanted)
		append(&a.outside, wanted);
}

static void put(unsigned i, bool next)
{
	struct G *g = take(&a.outside);
	if (!g)
		return;
	if (!next) {
		into_ring(i, g);
		runq_put(proc(i), g);
		return;
	}
	struct G *old = take_next(i);
	a.next[i] = g;
	if (old)
		into_ring(i, old);
	runq_put_next(proc(i), g);
}

/* Links n of `from`, in turn. Returns the first, and the last. */
static struct G *chain(struct list *from, unsigned n, struct G **last)
{
	struct G *first = take(from);
	*last = first;
	while (--n > 0) {
		struct G *g = take(from);
		(*last)->link = g;
		*last = g;
	}
	return first;
}

static void send(unsigned to, unsigned n)
{
	struct list was = a.sent[to];
	struct G *last;
	n = n < a.outside.count ? n : a.outside.count;
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		a.sent[to].g[i] = a.outside.g[i];
	memcpy(&a.sent[to].g[n], was.g, was.count * sizeof *was.g);
	a.sent[to].count += n;
	struct G *first = chain(&a.outside, n, &last);
	runq_send(proc(to), first, last);
}

static struct G *take_sent(unsigned own, unsigned from)
{
	struct G *g = take(&a.sent[from]), *next;
	while ((next = take(&a.sent[from])))
		into_ring(own, next);
	return g;
}

static void receive(unsigned i)
{
	for (struct G *g; (g = take(&a.sent[i]));)
		into_ring(i, g);
	runq_receive(proc(i));
}

static void get(unsigned i, bool fair)
{
	struct G *g = fair ? take(&a.ring[i]) : take_next(i);
	if (!g)
		g = fair ? take_next(i) : take(&a.ring[i]);
	if (!g)
		g = take_sent(i, i);
	came(runq_get(proc(i), fair), g);
}

static void steal(unsigned to, unsigned from, bool next)
{
	if (a.ring[to].count > 0)
		return;
	unsigned count = a.ring[from].count, n = count - count / 2;
	struct G *g = NULL;
	if (n == 0)
		g = take_sent(to, from);
	if (n == 0 && !g && next)
		g = take_next(from);
	for (unsigned i = 0; i < n; i++) {
		g = take(&a.ring[from]);
		if (i + 1 < n)
			append(&a.ring[to], g);
	}
	came(runq_steal(proc(to), proc(from), next), g);
}

static void put_all(unsigned n)
{
	struct G *last;
	n = n < a.outside.count ? n : a.outside.count;
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		append(&a.all, a.outside.g[i]);
	struct G *first = chain(&a.outside, n, &last);
	global_put(&a.s, first, last, n);
}

static unsigned least(unsigned x, unsigned y)
{
	return x < y ? x : y;
}

static void get_all(unsigned i, unsigned most)
{
	if (a.ring[i].count > 0)
		most = 1; /* there must be room */
	unsigned n = least(a.all.count / PROCS + 1, a.all.count);
	n = least(least(n, most), (proc(i)->mask + 1) / 2);
	struct G *g = take(&a.all);
	for (; n > 1; n--)
		append(&a.ring[i], take(&a.all));
	came(global_get(&a.s, proc(i), most), g);
}

static void step(unsigned what)
{
	unsigned i = what / 8 % PROCS, more = what / 8 / PROCS;
	switch (what % 8) {
	case 0:
	case 1:
		for (unsigned n = 0; n <= more % 4; n++)
			put(i, false);
		break;
	case 2:
		put(i, true);
		break;
	case 3:
		get(i, more % 2);
		break;
	case 4:
		if (more / 2 % PROCS < 2)
			steal(i, (i + 1 + more / 2) % PROCS, more % 2);
		else if (more % 2)
			receive(i);
		else
			send(i, 1 + a.ring[i].count % 3);
		break;
	case 5:
		put_all(1 + more);
		break;
	case 6:
		get_all(i, 1 + more % 8);
		break;
	default:
		for (unsigned n = 0; n <= more; n++)
			get(i, false);
	}
}

static void compare(void)
{
	for (unsigned i = 0; i < PROCS; i++)
		leave_check(runq_empty(proc(i)) == (a.ring[i].count == 0 && !a.next[i] &&
						    a.sent[i].count == 0),
			    "a queue is said to be empty and is not, or is and is not said to be");
	/* relaxed: one thread */
	leave_check(load_relaxed(&a.s.queued) == a.all.count, "another number waits for all");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	memset(&a, 0, sizeof a);
	a.s.procs = PROCS;
	for (unsigned i = 0; i < GOROUTINES; i++)
		append(&a.outside, &a.g[i]);
	for (unsigned i = 0; i < PROCS; i++) {
		proc(i)->s = &a.s;
		proc(i)->mask = (4u << data[0] % SHIFTS) - 1;
		/* Places are counted round, and here they soon come round. */
		word_init(&proc(i)->head, data[0] & 64 ? UINT32_MAX - i : 0);
		word_init(&proc(i)->tail, data[0] & 64 ? UINT32_MAX - i : 0);
	}
	for (size_t i = 1; i < size; i++) {
		step(data[i]);
		compare();
	}
	for (unsigned i = 0; i < PROCS; i++)
		while (a.ring[i].count > 0 || a.next[i] || a.sent[i].count > 0)
			get(i, false);
	while (a.all.count > 0) {
		get_all(0, 1);
		compare();
	}
	leave_check(a.outside.count == GOROUTINES, "a goroutine is lost");
	return 0;
}
