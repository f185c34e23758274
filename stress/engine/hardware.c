#include "engine/hardware.h"

#if defined __aarch64__ && defined OUTLINE_ATOMICS
#include <sys/auxv.h>

/* HWCAP_ATOMICS, Linux arch/arm64/include/uapi/asm/hwcap.h */
static int has_lse(void)
{
	return (getauxval(AT_HWCAP) >> 8 & 1) != 0;
}
#elif defined __ARM_FEATURE_ATOMICS
#define has_lse() 1
#else
#define has_lse() 0
#endif

enum model hardware_model(void)
{
#if defined __aarch64__ && defined __ARM_FEATURE_RCPC
	return has_lse() ? ARMV8_LSE_RCPC : ARMV8_RCPC;
#elif defined __aarch64__
	return has_lse() ? ARMV8_LSE : ARMV8;
#else
	return TSO;
#endif
}

const char *hardware_model_text(void)
{
	unsigned i = 0;
	while (1u << i != (unsigned)hardware_model())
		i++;
	return model_text(i);
}
