#include <stdlib.h>
#include <string.h>

#include "common/executions.h"
#include "trace.h"

enum { COUNTER_BITS = 10, COUNTERS = 1 << COUNTER_BITS, WORDS = 64 };

/* libFuzzer clears these before an input and looks at them after it. */
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t counter[COUNTERS];

static bool read_from, hand_off, succession;

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
	trace_listener = NULL;
	trace_on = TRACE_NOTHING;
}
