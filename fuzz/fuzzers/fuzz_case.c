/* Any case of a target, under any model: the input is that of
 * common/executions.h. */
#include "common/executions.h"
#include "common/fuzzer.h"

const struct build build = { TARGET, VARIANT, LANE, CODE_HASH, CODE_HASH " " __VERSION__ };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	executions_open(WHOLE);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	executions_run(data, size);
	return 0;
}
