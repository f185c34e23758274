#include <stdlib.h>
#include <string.h>

#include "common/executions.h"
#include "trace.h"

enum { COUNTER_BITS = 10, COUNTERS = 1 << COUNTER_BITS, WORDS = 64 };

/* libFuzzer clears these before an input and looks at them after it. */
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t counter[COUNTERS];

/* The compiler's, of the targets' blocks; not where only a corpus is run. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak));

/* What each of them, and then each of our own, held after one execution and the
 * next, as a hash; 0: nothing so far. */
enum { MOST = 1 << 14 };
static uint64_t held[MOST];
/* Classes of counters that held the same, one after the other: the one that
 * tells for all, and how many others; most of the time most of them are 0. */
static struct { const uint8_t *first; unsigned others; } alike[MOST];
static uint8_t *other[MOST];
static unsigned classes;

static bool read_from, hand_off, succession, all_counters;

static inline void seen(unsigned kind, uint64_t a, uint64_t b)
{
	uint64_t x = (a * 0x9e3779b97f4a7c15u ^ b) * 0xbf58476d1ce4e5b9u + kind;
	counter[(x * 0x94d049bb133111ebu) >> (64 - COUNTER_BITS)] = 1;
}

/* Pointers are one value; states and small numbers differ. */
static inline uint64_t value_class(uint64_t value)
{
	return value < 64 ? value : value >> 32 ? 64 : 65;
}

static void listen(const struct event *e)
{
	if (e->what != EV_ACCESS)
		return;
	/* What a thread stored itself, or found there at the start, code
	 * coverage tells too, and each counter costs libFuzzer time. */
	bool from_another = e->from_thread != e->thread && e->from_thread != NO_THREAD;
	if (e->reads && (e->stale || from_another)) {
		if (read_from)
			seen(1, (uintptr_t)e->pc, (uintptr_t)e->from_pc + e->stale);
		if (hand_off)
			seen(2, e->address, e->from_thread << 8 | e->thread);
	}
	if (succession && e->op == OP_RMW && e->value != e->value2)
		seen(3, e->address, value_class(e->value) << 8 | value_class(e->value2));
	if (succession && e->op == OP_STORE)
		seen(4, e->address, value_class(e->value));
}

void feedback_open(void)
{
	const char *wanted = getenv("FEEDBACK");
	if (!wanted)
		wanted = "rhs";
	read_from = strchr(wanted, 'r');
	hand_off = strchr(wanted, 'h');
	succession = strchr(wanted, 's');
	all_counters = strchr(wanted, 'a');
}

void feedback_begin(void)
{
	if (!read_from && !hand_off && !succession)
		return;
	trace_listener = listen;
	trace_on = TRACE_ATOMICS;
}

void feedback_end(void)
{
	uint8_t **next = other;
	for (unsigned i = 0; i < classes; next += alike[i++].others)
		for (unsigned k = 0; *alike[i].first && k < alike[i].others; k++)
			if (*next[k] == *alike[i].first)
				*next[k] = 0;
	trace_listener = NULL;
	trace_on = TRACE_NOTHING;
}

static size_t blocks(void)
{
	size_t n = __stop___sancov_cntrs - __start___sancov_cntrs;
	return n < MOST - COUNTERS ? n : MOST - COUNTERS;
}

static uint8_t *counter_at(size_t i)
{
	return i < blocks() ? &__start___sancov_cntrs[i] : &counter[i - blocks()];
}

void feedback_learn(void)
{
	for (size_t i = 0; i < blocks() + COUNTERS; i++) {
		uint64_t h = held[i] * 0x9e3779b97f4a7c15u;
		held[i] = h ^ h >> 29 ^ *counter_at(i);
		*counter_at(i) = 0;
	}
}

void feedback_learnt(void)
{
	size_t n = blocks() + COUNTERS, others = 0;
	for (size_t first = 0; first < n && !all_counters; first++) {
		size_t before = others;
		for (size_t i = first + 1; i < n && held[first] != 0; i++) {
			if (held[i] != held[first])
				continue;
			other[others++] = counter_at(i);
			held[i] = 0;
		}
		if (others == before)
			continue;
		alike[classes].first = counter_at(first);
		alike[classes++].others = others - before;
	}
}
