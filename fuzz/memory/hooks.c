/* The functions that -fsanitize=thread makes the compiler call, for C as gcc
 * 12, clang 14 and clang 19 compile it. The sanitizer's own runtime is not
 * linked.
 *
 * Orders arrive as the compilers' numbers, which are those of enum order. This
 * file is compiled without instrumentation.
 */
#include <string.h>

#include "memory/access.h"
#include "memory/plain.h"
#include "sites.h"

#define PC __builtin_return_address(0)

/* --- frames and constructors: nothing to do but to tell who asks --- */

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
	(void)caller;
	if (__builtin_expect(sites_watched, 0))
		site_entered(PC);
}
CODE_HOOK(__tsan_func_entry, NULL)

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

/* --- plain accesses. The sized ones come in families: as they are, of unknown
 * alignment, volatile, both; and clang's read_write for one variable read and
 * written --- */

#define PLAIN(name, size, body)                 \
	void __tsan_##name(void *p);            \
	void __tsan_##name(void *p)             \
	{                                       \
		uintptr_t a = (uintptr_t)p;     \
		const unsigned n = size;        \
		body;                           \
	}
#define READ (sim.watched ? plain_access(a, n, false, PC) : (void)0)
#define WRITE(note) (sim.watched ? plain_access(a, n, true, PC) : note(a, n))
#define FAMILY(prefix, note, n)                          \
	PLAIN(prefix##read##n, n, READ)                  \
	PLAIN(prefix##write##n, n, WRITE(note))
#define SIZES(prefix, note)                                                     \
	FAMILY(prefix, note, 1) FAMILY(prefix, note, 2) FAMILY(prefix, note, 4) \
	FAMILY(prefix, note, 8) FAMILY(prefix, note, 16)
#define BOTH(n)                                                      \
	PLAIN(read_write##n, n, (READ, WRITE(note_write)))           \
	PLAIN(unaligned_read_write##n, n, (READ, WRITE(note_unaligned)))

SIZES(, note_write)
SIZES(unaligned_, note_unaligned)
SIZES(volatile_, note_write)
SIZES(unaligned_volatile_, note_unaligned)
BOTH(1)
BOTH(2)
BOTH(4)
BOTH(8)
BOTH(16)

void __tsan_read_range(void *p, size_t bytes);
void __tsan_read_range(void *p, size_t bytes)
{
	access_plain((uintptr_t)p, bytes, false, PC);
}

void __tsan_write_range(void *p, size_t bytes);
void __tsan_write_range(void *p, size_t bytes)
{
	access_plain((uintptr_t)p, bytes, true, PC);
}

/* Also what the build renames the targets' calls of memcpy, memmove and memset
 * to: gcc 12 and clang 14 leave them as they are. */
void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	access_plain((uintptr_t)from, bytes, false, PC);
	access_plain((uintptr_t)to, bytes, true, PC);
	return memcpy(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes);
void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
	access_plain((uintptr_t)from, bytes, false, PC);
	access_plain((uintptr_t)to, bytes, true, PC);
	return memmove(to, from, bytes);
}

void *__tsan_memset(void *to, int byte, size_t bytes);
void *__tsan_memset(void *to, int byte, size_t bytes)
{
	access_plain((uintptr_t)to, bytes, true, PC);
	return memset(to, byte, bytes);
}

/* --- atomic accesses --- */

#define FAIL(order, now, fail) \
	(now == (enum order)order ? (enum order)fail : site_failure_order(now, fail))

#define ATOMIC_RMW(bits, name, how)                                                        \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile void *p, uint##bits##_t x,    \
						    int order);                            \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile void *p, uint##bits##_t x,    \
						    int order)                             \
	{                                                                                  \
		bool stored;                                                               \
		struct thread *t = self();                                                 \
		note_write((uintptr_t)p, bits / 8);                                        \
		if (quick_ahead(t)) {                                                      \
			struct update quick = { .kind = how, .operand = x };               \
			return quick_rmw(t, (uintptr_t)p, bits / 8, &quick, &stored);      \
		}                                                                          \
		struct update u = { .kind = how, .operand = x };                           \
		return access_rmw((uintptr_t)p, bits / 8, &u, order_at(PC, order),         \
				  &stored, PC);                                            \
	}                                                                                  \
	CODE_HOOK(__tsan_atomic##bits##_##name, #name)

/* gcc's form of compare-and-swap: returns whether it swapped, and updates
 * *seen. */
#define ATOMIC_CAS(bits, name, is_weak)                                                    \
	int __tsan_atomic##bits##_##name(volatile void *p, uint##bits##_t *seen,           \
					 uint##bits##_t x, int order, int fail);           \
	int __tsan_atomic##bits##_##name(volatile void *p, uint##bits##_t *seen,           \
					 uint##bits##_t x, int order, int fail)            \
	{                                                                                  \
		bool stored;                                                               \
		uint##bits##_t old;                                                        \
		enum order now = order_at(PC, order);                                      \
		struct thread *t = self();                                                 \
		note_write((uintptr_t)p, bits / 8);                                        \
		if (quick_ahead(t)) {                                                      \
			struct update quick = { .kind = COMPARE, .operand = x,             \
						.expected = *seen };                       \
			old = quick_rmw(t, (uintptr_t)p, bits / 8, &quick, &stored);       \
		} else {                                                                   \
			struct update u = { .kind = COMPARE, .operand = x,                 \
					    .expected = *seen, .weak = is_weak,            \
					    .fail = FAIL(order, now, fail) };              \
			old = access_rmw((uintptr_t)p, bits / 8, &u, now, &stored, PC);    \
		}                                                                          \
		if (!stored)                                                               \
			*seen = old;                                                       \
		return stored;                                                             \
	}                                                                                  \
	CODE_HOOK(__tsan_atomic##bits##_##name, "cas")

/* clang's: returns the value found. */
#define ATOMIC_CAS_VALUE(bits)                                                                 \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                             \
		volatile void *p, uint##bits##_t seen, uint##bits##_t x, int order, int fail); \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                             \
		volatile void *p, uint##bits##_t seen, uint##bits##_t x, int order, int fail)  \
	{                                                                                      \
		bool stored;                                                                   \
		enum order now = order_at(PC, order);                                          \
		struct update u = { .kind = COMPARE, .operand = x, .expected = seen,           \
				    .fail = FAIL(order, now, fail) };                          \
		note_write((uintptr_t)p, bits / 8);                                            \
		return access_rmw((uintptr_t)p, bits / 8, &u, now, &stored, PC);               \
	}                                                                                      \
	CODE_HOOK(__tsan_atomic##bits##_compare_exchange_val, "cas")

#define ATOMIC_LOAD_STORE(bits)                                                            \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *p, int order);      \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *p, int order)       \
	{                                                                                  \
		struct thread *t = self();                                                 \
		if (quick_ahead(t))                                                        \
			return quick_load(t, (uintptr_t)p, bits / 8);                      \
		return access_load((uintptr_t)p, bits / 8, order_at(PC, order), PC);       \
	}                                                                                  \
	CODE_HOOK(__tsan_atomic##bits##_load, "load")                                      \
	void __tsan_atomic##bits##_store(volatile void *p, uint##bits##_t x, int order);   \
	void __tsan_atomic##bits##_store(volatile void *p, uint##bits##_t x, int order)    \
	{                                                                                  \
		struct thread *t = self();                                                 \
		note_write((uintptr_t)p, bits / 8);                                        \
		if (quick_ahead(t))                                                        \
			quick_store(t, (uintptr_t)p, bits / 8, x);                         \
		else                                                                       \
			access_store((uintptr_t)p, bits / 8, x, order_at(PC, order), PC);  \
	}                                                                                  \
	CODE_HOOK(__tsan_atomic##bits##_store, "store")

#define ATOMIC(bits)                                     \
	ATOMIC_LOAD_STORE(bits)                          \
	ATOMIC_RMW(bits, exchange, EXCHANGE)             \
	ATOMIC_RMW(bits, fetch_add, ADD)                 \
	ATOMIC_RMW(bits, fetch_sub, SUB)                 \
	ATOMIC_RMW(bits, fetch_and, AND)                 \
	ATOMIC_RMW(bits, fetch_or, OR)                   \
	ATOMIC_RMW(bits, fetch_xor, XOR)                 \
	ATOMIC_RMW(bits, fetch_nand, NAND)               \
	ATOMIC_CAS(bits, compare_exchange_strong, false) \
	ATOMIC_CAS(bits, compare_exchange_weak, true)    \
	ATOMIC_CAS_VALUE(bits)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

/* Wider ones are refused: no model here knows them. */
#define REFUSED(name)                                                                \
	void __tsan_atomic128_##name(void);                                          \
	void __tsan_atomic128_##name(void)                                           \
	{                                                                            \
		engine_error("atomic access of 128 bits: no model simulates it");    \
	}
REFUSED(load)
REFUSED(store)
REFUSED(exchange)
REFUSED(fetch_add)
REFUSED(fetch_sub)
REFUSED(fetch_and)
REFUSED(fetch_or)
REFUSED(fetch_xor)
REFUSED(fetch_nand)
REFUSED(compare_exchange_strong)
REFUSED(compare_exchange_weak)
REFUSED(compare_exchange_val)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	access_fence(order_at(PC, order), PC);
}
CODE_HOOK(__tsan_atomic_thread_fence, "fence")

/* A fence for signal handlers orders nothing between threads. */
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}
