/* What c11.c's rules stand on: per location the messages (stores) in
 * modification order, views, and the one order of all seq_cst accesses and
 * fences.
 *
 * A view says, per location, which message is the newest known, and which event
 * of the seq_cst order; by place. Locations are counted as they are met; those
 * beyond VIEWED are sequentially consistent, and counted as cuts.
 */
#ifndef FUZZ_MEMORY_C11_H
#define FUZZ_MEMORY_C11_H

#include "memory/weak.h"

enum { VIEWED = 192, MESSAGES = 1 << 9, EVENTS = 64, UNVIEWED = VIEWED };

/* Entries from n on are 0: nothing known. */
struct view {
	uint32_t total; /* place in the seq_cst order */
	uint32_t n, at[VIEWED];
};

struct message {
	uint32_t place;    /* 0: the value found at the first access */
	bool rmw;          /* stands next to the message it read */
	bool has_view;
	struct message *older, *newer;
	struct store s;
	struct view view;  /* what who reads it learns */
};

struct cell {
	uint32_t stamp, index; /* in views */
	struct message *newest;
	struct message first;
	bool released[MAX_THREADS]; /* +relseq11: by that thread, in own_release */
};

enum total_kind { READ, WRITE, FENCE };

/* An event of the seq_cst order. Before the oldest one stands the base. */
struct total {
	uint32_t place;
	enum total_kind kind;
	uint32_t index, message; /* READ, WRITE: cell and message's place */
	struct total *before, *after;
	struct view view;        /* FENCE: all that it knew */
};

/* What a thread knows. What an acquire fence adds is more than cur only by what
 * relaxed reads left in `extra`. */
struct mind {
	struct view cur, extra, release;
	bool has_extra, has_release;
};

extern struct mind minds[MAX_THREADS];
/* +relseq11: what the thread's last release store to the location published. */
struct own_release { struct view view; struct clock clock; };
extern struct own_release own_release[MAX_THREADS][VIEWED + 1];
extern struct total total_base, *total_newest;

static inline uint32_t known(const struct view *v, uint32_t index)
{
	return index < v->n ? v->at[index] : 0;
}

static inline void view_join(struct view *to, const struct view *from)
{
	if (from->total > to->total)
		to->total = from->total;
	uint32_t both = from->n < to->n ? from->n : to->n;
	for (uint32_t i = 0; i < both; i++)
		to->at[i] = from->at[i] > to->at[i] ? from->at[i] : to->at[i];
	for (uint32_t i = to->n; i < from->n; i++)
		to->at[i] = from->at[i];
	to->n = from->n > to->n ? from->n : to->n;
}

static inline void view_copy(struct view *to, const struct view *from)
{
	to->total = from->total;
	to->n = from->n;
	for (uint32_t i = 0; i < from->n; i++)
		to->at[i] = from->at[i];
}

static inline void view_clear(struct view *v)
{
	v->total = v->n = 0;
}

/* v knows that message of that location. */
static inline void view_add(struct view *v, uint32_t index, uint32_t place)
{
	if (index == UNVIEWED)
		return;
	while (v->n <= index)
		v->at[v->n++] = 0;
	if (v->at[index] < place)
		v->at[index] = place;
}

/* A new execution: no message, no event. */
void c11_begin(void);
/* The cell of a location, which begins with the value found. */
struct cell *c11_cell(struct location *l);
/* Whether a message has room right behind m. */
bool c11_room(const struct message *m);
/* Adds a message of t behind that one, and to memory if it is the newest. The
 * caller publishes and sets its view. */
struct message *c11_insert(struct thread *t, struct location *l, struct cell *c,
			   struct message *behind, uint64_t value, void *pc);
/* Adds an event behind that one, NULL if there is no room. The caller sets
 * view. */
struct total *c11_total(struct total *behind, enum total_kind kind, uint32_t index,
			uint32_t message);
bool c11_total_room(const struct total *e);
/* memory_model's sign. */
void c11_sign(struct signature *s, struct location *const *all, unsigned n);

#endif
