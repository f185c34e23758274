/* Memory that nobody may touch for a while, though it is mapped: what waits in
 * a pool. AddressSanitizer reports whoever does; elsewhere these are nothing.
 */
#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include <stddef.h>

#if defined __SANITIZE_ADDRESS__
#define WATCHED 1
#elif defined __has_feature /* clang */
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

#if WATCHED
void __asan_poison_memory_region(const volatile void *at, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *at, size_t bytes);
#endif

/* From now on, touching it is an error. at: a multiple of 8. */
static inline void watch_forbid(const void *at, size_t bytes)
{
#if WATCHED
	__asan_poison_memory_region(at, bytes);
#else
	(void)at;
	(void)bytes;
#endif
}

/* It may be touched again, as before it is unmapped. Any memory will do. */
static inline void watch_allow(const void *at, size_t bytes)
{
#if WATCHED
	__asan_unpoison_memory_region(at, bytes);
#else
	(void)at;
	(void)bytes;
#endif
}

#endif
