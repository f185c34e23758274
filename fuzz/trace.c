#include "trace.h"

#include <stdio.h>
#include <string.h>

#include "memory/model.h"
#include "memory/race.h"
#include "symbol.h"

/* Of a trace longer than both together, the middle is left out. */
enum { TEXT = 400, COLUMN = 4, FIRST_LINES = 300, LAST_LINES = 60 };
/* Of looks in vain, when nobody is left but spinners. */
enum { LOOKS_SHOWN = 8 };

enum trace_what trace_on;
void (*trace_listener)(const struct event *e);
uint32_t trace_events;
struct event trace_event[MAX_EVENTS];
/* What is known of the access; told once that is over. */
static struct event under_way = { .what = EV_ACCESS };

void trace_begin(void)
{
	trace_events = 0;
	under_way = (struct event){ .what = EV_ACCESS };
}

void trace_add_read(const struct store *from, const struct store *newest)
{
	under_way.reads = true;
	under_way.from_thread = from->thread;
	under_way.from_pc = from->pc;
	under_way.from = from->event;
	under_way.stale = newest != NULL;
	if (newest) {
		under_way.newest_thread = newest->thread;
		under_way.newest = newest->event;
		under_way.newest_value = newest->value;
	}
}

void trace_add_early(const struct store *follower)
{
	under_way.early = true;
	under_way.follower_thread = follower->thread;
	under_way.follower = follower->event;
}

void trace_add(const struct event *e)
{
	if (trace_events == MAX_EVENTS || (sim.grace > LOOKS_SHOWN && e->what != EV_NOTE))
		return;
	trace_event[trace_events++] = *e;
}

void trace_add_access(enum op_kind op, uintptr_t address, unsigned size, uint64_t value,
		      uint64_t value2, unsigned order, void *pc)
{
	struct event *e = &under_way;
	e->op = op;
	e->thread = sim.cur;
	e->size = size;
	e->order = order;
	e->address = address;
	e->value = value;
	e->value2 = value2;
	e->pc = pc;
	/* Not a copy of it: to read in words what was just written in bytes
	 * costs more than all else that is done for a listener. */
	if (trace_listener)
		trace_listener(e);
	else
		trace_add(e);
	e->reads = e->stale = e->early = false;
}

void trace_add_plain(uintptr_t address, unsigned size, bool write, void *pc)
{
	struct event e = { .what = EV_PLAIN, .thread = sim.cur, .size = size,
			   .write = write, .address = address, .pc = pc };
	if (trace_listener)
		trace_listener(&e);
	else
		trace_add(&e);
}

/* --- rendering --- */

struct view {
	const struct test_case *test;
	uintptr_t state;
	const struct slot *slots;
	uint16_t line[MAX_EVENTS + 1]; /* by event number: the line that shows it */
};

static const char *thread_name(const struct view *v, unsigned t, char *text, unsigned size)
{
	if (t < case_actors(v->test))
		return v->test->actor[t].name;
	snprintf(text, size, t == NO_THREAD ? "the start" : "thread %u", t);
	return text;
}

/* An address as offset into what the case knows. */
static void place(const struct view *v, uintptr_t address, char *text, unsigned size)
{
	uintptr_t slots = (uintptr_t)v->slots;
	if (address - v->state < v->test->state_size)
		snprintf(text, size, "state+%ju", (uintmax_t)(address - v->state));
	else if (address - slots < MAX_SLOTS * sizeof(struct slot))
		snprintf(text, size, "slot %ju+%ju",
			 (uintmax_t)((address - slots) / sizeof(struct slot)),
			 (uintmax_t)((address - slots) % sizeof(struct slot)));
	else
		snprintf(text, size, "%p", (void *)address);
}

/* A value; small ones in decimal, addresses as the case knows them. */
static void number(const struct view *v, uint64_t value, char *text, unsigned size)
{
	if (value < 1u << 20)
		snprintf(text, size, "%ju", (uintmax_t)value);
	else if (value - v->state < v->test->state_size ||
		 value - (uintptr_t)v->slots < MAX_SLOTS * sizeof(struct slot))
		place(v, value, text, size);
	else
		snprintf(text, size, "0x%jx", (uintmax_t)value);
}

static const char *const order_names[] = { "relaxed", "consume", "acquire",
					   "release", "acq_rel", "seq_cst" };

static int access_text(const struct view *v, const struct event *e, char *text, unsigned size)
{
	char where[48], value[48], after[48];
	place(v, e->address, where, sizeof where);
	number(v, e->value, value, sizeof value);
	number(v, e->value2, after, sizeof after);
	const char *order = e->order <= SEQ_CST ? order_names[e->order] : "?";
	switch (e->op) {
	case OP_LOAD:
		return snprintf(text, size, "load %s = %s (%s)", where, value, order);
	case OP_STORE:
		return snprintf(text, size, "store %s := %s (%s)%s", where, value, order,
				e->value2 ? ", into its store buffer" : "");
	case OP_RMW:
		if (e->value == e->value2)
			return snprintf(text, size, "swap %s finds %s, leaves it (%s)", where,
					value, order);
		return snprintf(text, size, "swap %s: %s -> %s (%s)", where, value, after, order);
	default:
		return snprintf(text, size, "fence (%s)", order);
	}
}

/* "from 3 of closer (stale: newest is 1 by 7 of closer)" */
static int source_text(const struct view *v, const struct event *e, char *text, unsigned size)
{
	char name[24], value[48];
	int n;
	if (e->from_thread == NO_THREAD || e->from == 0)
		n = snprintf(text, size, " from the start");
	else
		n = snprintf(text, size, " from %u of %s", v->line[e->from],
			     thread_name(v, e->from_thread, name, sizeof name));
	if (!e->stale)
		return n;
	number(v, e->newest_value, value, sizeof value);
	return n + snprintf(text + n, size - n, " (stale: newest is %s by %u of %s)", value,
			    v->line[e->newest],
			    thread_name(v, e->newest_thread, name, sizeof name));
}

/* " (takes its place before 7 of closer)" */
static int place_text(const struct view *v, const struct event *e, char *text, unsigned size)
{
	char name[24];
	return snprintf(text, size, " (takes its place before %u of %s)", v->line[e->follower],
			thread_name(v, e->follower_thread, name, sizeof name));
}

static void event_text(const struct view *v, const struct event *e, char *text, unsigned size)
{
	char where[48], value[48];
	place(v, e->address, where, sizeof where);
	number(v, e->value, value, sizeof value);
	int n = 0;
	switch ((enum event_kind)e->what) {
	case EV_ACCESS:
		n = access_text(v, e, text, size);
		if (e->reads)
			n += source_text(v, e, text + n, size - n);
		if (e->early)
			place_text(v, e, text + n, size - n);
		return;
	case EV_PLAIN:
		snprintf(text, size, "plain %s %s, %u bytes", e->write ? "write" : "read", where,
			 e->size);
		return;
	case EV_FLUSH:
		snprintf(text, size, "    %u reaches memory: %s = %s", v->line[e->from], where,
			 value);
		return;
	case EV_NOTE:
		snprintf(text, size, e->address ? "%s (%s)" : "%s", e->note, where);
		return;
	}
}

/* Plain accesses are many: only those to the bytes of a race, or of memory
 * gone, are shown. */
static bool shown(const struct event *e)
{
	if (e->what != EV_PLAIN)
		return true;
	return (sim.stop == STOP_RACE || sim.stop == STOP_GONE) &&
	       race.address >> 3 == e->address >> 3;
}

/* Where it stands, and what stands there. */
static void site_text(const struct site *s, char *text, unsigned size)
{
	symbol_text(s, text, size);
	size_t used = strlen(text);
	if (s->source[0])
		snprintf(text + used, size - used, " | %s", s->source);
}

static void header(const struct view *v, void (*line)(const char *, void *), void *arg)
{
	char text[TEXT];
	int n = snprintf(text, sizeof text, "threads, by column:");
	for (unsigned i = 0; i < sim.threads && n < TEXT - 40; i++) {
		char name[24];
		n += snprintf(text + n, sizeof text - n, " %u %s%s", i,
			      thread_name(v, i, name, sizeof name),
			      i + 1 < sim.threads ? "," : "");
	}
	line(text, arg);
}

void trace_render(const struct test_case *c, const void *state, const struct slot *slots,
		  void (*line)(const char *text, void *arg), void *arg)
{
	static struct site site[MAX_EVENTS];
	static struct view v;
	unsigned sites = 0, lines = 0;
	v.test = c;
	v.state = (uintptr_t)state;
	v.slots = slots;
	for (unsigned i = 0; i < trace_events; i++) {
		if (!shown(&trace_event[i]))
			continue;
		v.line[i + 1] = ++lines;
		site[sites++].pc = trace_event[i].pc;
	}
	symbol_lookup(site, sites);
	header(&v, line, arg);
	for (unsigned i = 0, n = 0; i < trace_events; i++) {
		const struct event *e = &trace_event[i];
		char what[TEXT], at[320] = "", text[TEXT + 400];
		if (!shown(e))
			continue;
		event_text(&v, e, what, sizeof what);
		if (e->pc && e->what != EV_FLUSH)
			site_text(&site[n], at, sizeof at);
		n++;
		bool middle = n > FIRST_LINES && n + LAST_LINES <= lines;
		if (middle && n == FIRST_LINES + 1)
			snprintf(text, sizeof text, "(%u lines left out)",
				 lines - FIRST_LINES - LAST_LINES);
		else if (middle)
			continue;
		else
			snprintf(text, sizeof text, "%4u  %*s%u  %-*s  %s", n,
				 e->thread * COLUMN, "", e->thread, 72 - e->thread * COLUMN,
				 what, at);
		for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--)
			text[end - 1] = 0;
		line(text, arg);
	}
	if (trace_events == MAX_EVENTS)
		line("(the trace goes on)", arg);
}
