/* A probe: a few bare accesses whose final states tell what this machine
 * reorders. One file of shapes/ is one probe; the build makes it once in each
 * order, and it registers itself through a linker section, as cases do.
 *
 *   ACTOR(0, ST(x, 1); LD(r0, y))
 *   ACTOR(1, ST(y, 1); LD(r0, x))
 *   PROBE(SB, "SB", .purpose = "...", .actor = { &actor_0, &actor_1 },
 *         WEAK({ 0, R0, 0 }, { 1, R0, 0 }), ALLOWED(TSO | EVERY_ARM, ...))
 *
 * An actor's text is compiled, and printed as a litmus test too
 * (probe --litmus): what the models say of the very same text is compared with
 * ALLOWED. Words x, y, z begin as 0, registers r0, r1 are 0 until written;
 * values above 3 read as 3, which no text writes. Between two accesses stands a
 * compiler barrier, so what is reordered, the processor has reordered.
 *
 * After litmus7 (Alglave, Maranget, Sarkar, Sewell, "Litmus: Running Tests
 * against Hardware", TACAS 2011) and, for the perpetual form, PerpLE
 * (Melissaris et al., "PerpLE: Improving the Speed and Effectiveness of Memory
 * Consistency Testing", MICRO 2020).
 */
#ifndef PROBES_PROBE_H
#define PROBES_PROBE_H

#include <stddef.h>

#include "base/failure.h"
#include "base/order.h"

enum { PROBE_ACTORS = 4, PROBE_WORDS = 3, PROBE_TERMS = 4 };
enum { EVERY_ARM = ARMV8 | ARMV8_LSE | ARMV8_RCPC | ARMV8_LSE_RCPC };
/* Without RCpc loads, with them; compare-and-swap as a loop, as one. */
enum { ARM_RCSC = ARMV8 | ARMV8_LSE, ARM_RCPC = ARMV8_RCPC | ARMV8_LSE_RCPC,
       ARM_LOOP = ARMV8 | ARMV8_RCPC };

/* What an actor walks through. */
struct walk {
	char *cells;                  /* of the batch: instances of the words */
	uint32_t pitch;               /* bytes from instance to instance */
	uint32_t word[PROBE_WORDS];   /* bytes from an instance to its words */
	uint32_t stride, mask;        /* the kth is instance k * stride & mask */
	uint32_t from, to;            /* k, of this stretch */
	uint8_t *seen;                /* per k: r0 | r1 << 2 */
};

/* What an actor of the perpetual form runs through, once. */
struct chunk {
	char *words;
	uint32_t word[2], pitch, mask; /* iteration n: words[(n & mask) * pitch + word] */
	uint32_t n, pad;               /* iterations; idle turns in each */
	uint32_t *seen, *more;         /* per iteration: what was loaded */
};

/* Weak outcomes of iterations from..to of actor 0, each paired with the one
 * iteration of the peer that could contradict it. */
struct pairing {
	const uint32_t *seen[2], *more[2];
	uint32_t n, mask;
};

struct term {
	int8_t actor; /* or IN_THE_END */
	uint8_t what; /* R0, R1; X, Y, Z */
	uint8_t value;
};
enum { IN_THE_END = 4, R0 = 0, R1 = 1, X = 0, Y = 1, Z = 2 };

struct probe_actor {
	void (*run)(const struct walk *w);
	const char *text;
};

struct probe {
	const char *name, *order, *file, *purpose;
	const char *bug; /* whose bare shape this is; NULL */
	const struct probe_actor *actor[PROBE_ACTORS];
	struct term weak[PROBE_TERMS]; /* all of them: the outcome looked for */
	unsigned terms;
	unsigned allowed; /* the models that permit it; SC: no reordering needed */
	/* The perpetual form; NULL: there is none. */
	void (*again[2])(const struct chunk *c);
	uint64_t (*paired)(const struct pairing *p, uint32_t from, uint32_t to);
};

/* --- an order per build --- */

/* A compiler barrier; the text shows in the assembler's source, for tests. */
#define BETWEEN(text) __asm__ volatile("/* " text " */" ::: "memory")
#define PROBE_ACCESS(kind, what)                                                     \
	(__extension__({                                                             \
		BETWEEN("<" kind);                                                   \
		__auto_type got = what;                                              \
		BETWEEN(kind ">");                                                   \
		got;                                                                 \
	}))
#define PROBE_EFFECT(kind, what) do { BETWEEN("<" kind); what; BETWEEN(kind ">"); } while (0)

#if defined ORDER_release_acquire
#define ORDER_TEXT "release_acquire"
#define PROBE_ST(w, v) store_release(w, v)
#define PROBE_LD(w) load_acquire(w)
#elif defined ORDER_seq_cst
#define ORDER_TEXT "seq_cst"
#define PROBE_ST(w, v) store_seq_cst(w, v)
#define PROBE_LD(w) load_seq_cst(w)
#else
#define ORDER_TEXT "plain"
#define PROBE_ST(w, v) store_relaxed(w, v)
#define PROBE_LD(w) load_relaxed(w)
#endif

/* --- the words of an actor's text --- */

#define ST(w, v) PROBE_EFFECT("ST", PROBE_ST(w, v))
#define LD(r, w) ((r) = PROBE_ACCESS("LD", PROBE_LD(w)))
/* seq_cst in every order: 1 if the swap 0 -> v was made */
#define CAS(r, w, v)                                                                 \
	((r) = PROBE_ACCESS("CAS", (__extension__({                                         \
		 uint32_t expected = 0; cas_seq_cst(w, &expected, v); }))))
/* what it held before */
#define ADD(r, w, v) ((r) = PROBE_ACCESS("ADD", fetch_add_seq_cst(w, v)))
/* seq_cst or release in every order: the historic "barrier" and its kin */
#define ST_SC(w, v) PROBE_EFFECT("ST", store_seq_cst(w, v))
#define ST_REL(w, v) PROBE_EFFECT("ST", store_release(w, v))
#define LD_SC(r, w) ((r) = PROBE_ACCESS("LD", load_seq_cst(w)))
#define FENCE() PROBE_EFFECT("FENCE", fence_seq_cst())

/* --- declaring --- */

static inline char *walk_at(const struct walk *w, uint32_t k)
{
	return w->cells + (size_t)(k * w->stride & w->mask) * w->pitch;
}

static inline uint8_t seen_as(uint32_t r0, uint32_t r1)
{
	return (uint8_t)((r0 < 3 ? r0 : 3) | (r1 < 3 ? r1 : 3) << 2);
}

#define ACTOR(nr, ...)                                                               \
	static void run_##nr(const struct walk *w)                                   \
	{                                                                            \
		for (uint32_t k = w->from; k != w->to; k++) {                        \
			char *at = walk_at(w, k);                                    \
			word32 *x = (word32 *)(at + w->word[0]);                     \
			word32 *y = (word32 *)(at + w->word[1]);                     \
			word32 *z = (word32 *)(at + w->word[2]);                     \
			uint32_t r0 = 0, r1 = 0;                                     \
			(void)x, (void)y, (void)z;                                   \
			__VA_ARGS__;                                                 \
			w->seen[k] = seen_as(r0, r1);                                \
		}                                                                    \
	}                                                                            \
	static const struct probe_actor actor_##nr = { run_##nr, #__VA_ARGS__ };

/* Iteration n of the perpetual form, of words x and y. */
#define AGAIN(nr, ...)                                                               \
	static void again_##nr(const struct chunk *c)                                \
	{                                                                            \
		for (uint32_t n = 0; n < c->n; n++) {                                \
			char *at = c->words + (size_t)(n & c->mask) * c->pitch;      \
			word32 *x = (word32 *)(at + c->word[0]);                     \
			word32 *y = (word32 *)(at + c->word[1]);                     \
			__VA_ARGS__;                                                 \
			for (uint32_t turn = c->pad; turn > 0; turn--)               \
				BETWEEN("pad");                                      \
		}                                                                    \
	}

#define WEAK(...) .weak = { __VA_ARGS__ }, \
	.terms = sizeof((struct term[]){ __VA_ARGS__ }) / sizeof(struct term)
/* The models that permit the weak outcome, as plain, release_acquire,
 * seq_cst. */
#if defined ORDER_release_acquire
#define ALLOWED(plain, release_acquire, seq_cst) .allowed = (release_acquire)
#elif defined ORDER_seq_cst
#define ALLOWED(plain, release_acquire, seq_cst) .allowed = (seq_cst)
#else
#define ALLOWED(plain, release_acquire, seq_cst) .allowed = (plain)
#endif

#ifdef ORDER_release_acquire
#define PROBE_ID(id) probe_##id##_release_acquire
#elif defined ORDER_seq_cst
#define PROBE_ID(id) probe_##id##_seq_cst
#else
#define PROBE_ID(id) probe_##id##_plain
#endif
/* The name is also an external symbol: two probes of one name do not link. */
#define PROBE(id, text, ...)                                                               \
	extern const struct probe PROBE_ID(id);                                      \
	const struct probe PROBE_ID(id) = { .name = text, .order = ORDER_TEXT,        \
					    .file = __FILE__, __VA_ARGS__ };         \
	__attribute__((used, section("stormrig_probes"))) static const struct probe  \
		*const probe_entry = &PROBE_ID(id)

extern const struct probe *const __start_stormrig_probes[];
extern const struct probe *const __stop_stormrig_probes[];

static inline unsigned probe_actors(const struct probe *p)
{
	unsigned n = 0;
	while (n < PROBE_ACTORS && p->actor[n])
		n++;
	return n;
}

#endif
