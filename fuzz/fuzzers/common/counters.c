/* clang 14 shows coverage counters to the race detector as plain variables, of
 * one byte for libFuzzer and of eight for llvm-cov: accesses of those are let
 * through here, others go on to the hooks. The build gives the targets' calls
 * these names.
 */
#include <stdbool.h>
#include <stdint.h>

extern char __start___sancov_cntrs[] __attribute__((weak));
extern char __stop___sancov_cntrs[] __attribute__((weak));
extern char __start___llvm_prf_cnts[] __attribute__((weak));
extern char __stop___llvm_prf_cnts[] __attribute__((weak));

static inline bool within(const void *p, const char *start, const char *stop)
{
	return (uintptr_t)p - (uintptr_t)start < (uintptr_t)(stop - start);
}

/* As a jump, so that the hook sees who calls. */
#define LET_THROUGH(access, which)                                                       \
	void __tsan_##access(void *p);                                                   \
	void fuzz_##access(void *p);                                                     \
	void fuzz_##access(void *p)                                                      \
	{                                                                                \
		if (!within(p, __start_##which, __stop_##which))                         \
			__attribute__((musttail)) return __tsan_##access(p);             \
	}

LET_THROUGH(read1, __sancov_cntrs)
LET_THROUGH(write1, __sancov_cntrs)
LET_THROUGH(read8, __llvm_prf_cnts)
LET_THROUGH(write8, __llvm_prf_cnts)
