/* clang 14 shows coverage counters to the race detector as plain variables of
 * one byte: accesses of those are let through here, others go on to the hooks.
 * The build gives the targets' calls these names.
 */
#include <stdint.h>

extern uint8_t __start___sancov_cntrs[] __attribute__((weak));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak));
void __tsan_read1(void *p);
void __tsan_write1(void *p);
void fuzz_read1(void *p);
void fuzz_write1(void *p);

static inline int is_counter(const void *p)
{
	return (uintptr_t)p - (uintptr_t)__start___sancov_cntrs <
	       (uintptr_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
}

/* As a jump, so that the hook sees who calls. */
void fuzz_read1(void *p)
{
	if (!is_counter(p))
		__attribute__((musttail)) return __tsan_read1(p);
}

void fuzz_write1(void *p)
{
	if (!is_counter(p))
		__attribute__((musttail)) return __tsan_write1(p);
}
