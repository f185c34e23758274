/* x86-TSO (Owens, Sarkar, Sewell, TPHOLs 2009): a FIFO store buffer per thread.
 *
 * A store enters its thread's buffer; a load takes the newest own buffered
 * store of its location, else memory; at any moment, by the scheduler's choice,
 * a thread's oldest buffered store reaches memory. Locked instructions (every
 * read-modify-write, a seq_cst store, which is an exchange) and a seq_cst fence
 * wait for an empty buffer. Happens-before for the race detector is C11's, not
 * the hardware's.
 */
#include "memory/newest.h"
#include "memory/weak.h"

enum { BUFFER = 64 };

struct held {
	struct location *location;
	uint32_t step;
	struct store store;
};

struct buffer {
	unsigned first;
	struct held held[BUFFER];
};

static struct buffer buffers[MAX_THREADS];
static unsigned counts[MAX_THREADS]; /* together, so that clearing is cheap */

static struct held *nth(struct buffer *b, unsigned n)
{
	return &b->held[(b->first + n) % BUFFER];
}

static void begin(void)
{
	for (unsigned i = 0; i < MAX_THREADS; i++)
		counts[i] = 0;
}

static void start(struct thread *t)
{
	(void)t;
}

static void joined(struct thread *t, struct thread *ended)
{
	(void)t;
	(void)ended;
}

static void tell(unsigned t)
{
	struct buffer *b = &buffers[t];
	if (counts[t] == 0) {
		sim_buffer(t, false, 0, 0, NULL);
		return;
	}
	struct held *oldest = nth(b, 0);
	sim_buffer(t, true, oldest->location->address, oldest->step, oldest->store.pc);
}

/* The newest store of l that another thread still holds back, or NULL. */
static struct store *newer_elsewhere(struct thread *t, struct location *l)
{
	struct store *newest = NULL;
	for (uint64_t left = sim.buffered & ~bit(t->id); left; left &= left - 1) {
		unsigned owner = __builtin_ctzll(left);
		struct buffer *b = &buffers[owner];
		for (unsigned i = 0; i < counts[owner]; i++) {
			struct held *h = nth(b, i);
			if (h->location == l && (!newest || h->store.event > newest->event))
				newest = &h->store;
		}
	}
	return newest;
}

/* The oldest store of that thread reaches memory. */
static void flush(struct thread *t)
{
	struct buffer *b = &buffers[t->id];
	struct held *h = nth(b, 0);
	struct location *l = h->location;
	b->first = (b->first + 1) % BUFFER;
	counts[t->id]--;
	bool changes = memory_get(l->address, l->size) != h->store.value;
	memory_put(l->address, l->size, h->store.value);
	l->newest = h->store;
	trace_flush(t, l, &h->store);
	if (changes)
		sim_changed(t->id, l->address);
	tell(t->id);
}

static bool drain(struct thread *t)
{
	if (!(sim.buffered & bit(t->id)))
		return false;
	while (counts[t->id])
		flush(t);
	return true;
}

static uint64_t load(struct thread *t, struct location *l, enum order order)
{
	struct buffer *b = &buffers[t->id];
	for (unsigned i = counts[t->id]; i > 0; i--) {
		struct held *h = nth(b, i - 1);
		if (h->location == l) {
			/* Its own: nothing to learn. */
			past_add(t, h->store.past);
			trace_read(t, l, &h->store, newer_elsewhere(t, l));
			return h->store.value;
		}
	}
	struct store *newer = sim.buffered & ~bit(t->id) ? newer_elsewhere(t, l) : NULL;
	learn(t, &l->newest, order);
	trace_read(t, l, &l->newest, newer);
	return memory_get(l->address, l->size);
}

static void store(struct thread *t, struct location *l, uint64_t value, enum order order,
		  void *pc)
{
	if (order == SEQ_CST) {
		newest_store(t, l, value, order, pc);
		return;
	}
	struct buffer *b = &buffers[t->id];
	if (counts[t->id] == BUFFER) {
		flush(t);
		sim.cuts++;
	}
	struct held *h = nth(b, counts[t->id]++);
	h->location = l;
	h->step = sim.taken;
	h->store.value = value;
	h->store.thread = t->id;
	h->store.pc = pc;
	h->store.event = trace_number();
	h->store.past = t->past;
	publish(t, &h->store, order, NULL);
	tell(t->id);
}

/* Whether t's pending load would miss a store that another thread holds
 * back. */
static bool stale(const struct thread *t)
{
	if (t->op.kind != OP_LOAD)
		return false;
	bool elsewhere = false;
	for (uint64_t left = sim.buffered; left; left &= left - 1) {
		unsigned i = __builtin_ctzll(left);
		for (unsigned n = 0; n < counts[i]; n++) {
			if (nth(&buffers[i], n)->location->address != t->op.key)
				continue;
			if (i == t->id)
				return false;
			elsewhere = true;
		}
	}
	return elsewhere;
}

static void sign_buffers(struct signature *s, struct location *const *all, unsigned n)
{
	for (unsigned t = 0; t < sim.threads; t++) {
		sign(s, counts[t]);
		for (unsigned i = 0; i < counts[t]; i++) {
			const struct held *h = nth(&buffers[t], i);
			unsigned cell = 0;
			while (cell < n && all[cell] != h->location)
				cell++;
			sign(s, cell);
			sign(s, h->store.value);
			sign(s, h->store.past);
		}
	}
}

const struct memory_model tso_model = {
	.name = "tso",
	.begin = begin,
	.start = start,
	.joined = joined,
	.load = load,
	.store = store,
	.rmw = newest_rmw,
	.fence = fence_clocks,
	.flush = flush,
	.drain = drain,
	.stale = stale,
	.holds_stores = true,
	.sign = sign_buffers,
};
