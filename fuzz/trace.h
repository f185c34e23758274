/* The trace of one execution, for people: off while searching, on while a
 * finding is run again. Global order, a column per thread, and with each read
 * the store it read from.
 */
#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

#include "memory/shadow.h"

enum { MAX_EVENTS = 1 << 14 };

/* What one line tells. */
enum event_kind { EV_ACCESS, EV_PLAIN, EV_FLUSH, EV_NOTE };

struct event {
	uint8_t what, op, thread, size, order;
	bool write;          /* EV_PLAIN; or an EV_ACCESS store that is held back */
	uintptr_t address;
	uint64_t value, value2;
	void *pc;
	const char *note;
	/* of a read: the store it read from, and a newer one if there is */
	bool reads, stale;
	bool early;          /* of a store: it takes a place before `follower` */
	uint8_t from_thread, newest_thread, follower_thread;
	void *from_pc;
	uint32_t from, newest, follower;
	uint64_t newest_value;
};

/* What is recorded, or told to the listener. */
extern enum trace_what { TRACE_NOTHING, TRACE_ATOMICS, TRACE_ALL } trace_on;
extern uint32_t trace_events;
extern struct event trace_event[MAX_EVENTS];
/* Gets each access, and nothing is kept then; NULL: all is kept. */
extern void (*trace_listener)(const struct event *e);

void trace_add(const struct event *e);
void trace_add_read(const struct store *from, const struct store *newest);
/* These two out of line, so that they do not burden what calls them. */
void trace_add_access(enum op_kind op, uintptr_t address, unsigned size, uint64_t value,
		      uint64_t value2, unsigned order, void *pc);
void trace_add_plain(uintptr_t address, unsigned size, bool write, void *pc);
void trace_add_early(const struct store *follower);

/* The number that the event under way will get, from 1. */
static inline uint32_t trace_number(void)
{
	return trace_events + 1;
}

/* The running read takes its value from that store; newest: a newer one, or
 * NULL. */
static inline void trace_read(struct thread *t, struct location *l, const struct store *from,
			      const struct store *newest)
{
	(void)t;
	(void)l;
	if (__builtin_expect(trace_on, 0))
		trace_add_read(from, newest);
}

/* The store under way takes a place in the order of stores before that one,
 * which was done earlier; NULL: the end. */
static inline void trace_place(const struct store *follower)
{
	if (__builtin_expect(trace_on && follower, 0))
		trace_add_early(follower);
}

/* value: read, or stored; value2: what a read-modify-write left there, or 1 for
 * a store that is held back. */
static inline void trace_access(enum op_kind op, uintptr_t address, unsigned size,
				uint64_t value, uint64_t value2, unsigned order, void *pc)
{
	if (__builtin_expect(trace_on, 0))
		trace_add_access(op, address, size, value, value2, order, pc);
}

static inline void trace_plain(uintptr_t address, unsigned size, bool write, void *pc)
{
	if (__builtin_expect(trace_on == TRACE_ALL, 0))
		trace_add_plain(address, size, write, pc);
}

static inline void trace_flush(struct thread *t, struct location *l, const struct store *s)
{
	if (__builtin_expect(trace_on && !trace_listener, 0))
		trace_add(&(struct event){ .what = EV_FLUSH, .thread = t->id, .size = l->size,
					   .address = l->address, .value = s->value,
					   .from = s->event, .pc = s->pc });
}

/* Something that is no access: parked, woken, ... `note` must stay alive. */
static inline void trace_note(const char *note, unsigned thread, uintptr_t about, void *pc)
{
	if (__builtin_expect(trace_on && !trace_listener, 0))
		trace_add(&(struct event){ .what = EV_NOTE, .thread = thread, .note = note,
					   .address = about, .pc = pc });
}

/* Starts recording anew. */
void trace_begin(void);
/* Writes the recorded trace, one line per event, through line(text, arg).
 * Addresses in the state and in the slots are given as offsets. */
void trace_render(const struct test_case *c, const void *state, const struct slot *slots,
		  void (*line)(const char *text, void *arg), void *arg);

#endif
