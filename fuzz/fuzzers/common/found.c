#include <stdio.h>
#include <stdlib.h>

#include "common/fuzzer.h"

__attribute__((weak)) bool fuzzer_runs_corpus;
unsigned fuzzer_findings;

void fuzzer_found(void)
{
	fflush(stdout);
	fuzzer_findings++;
	if (!fuzzer_runs_corpus)
		abort();
}
