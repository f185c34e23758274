/* Any case that is linked with it, under any model: a race, a run of a whole
 * runtime (fuzz_whole) or a check (fuzz_check). The input is that of
 * common/executions.h. */
#include "common/executions.h"
#include "common/fuzzer.h"

const struct build build = { TARGET, VARIANT, LANE, CODE_HASH, CODE_HASH " " __VERSION__ };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	executions_open();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	executions_run(data, size);
	return 0;
}
