/* What every fuzzer is: functions that libFuzzer calls, or common/corpus.c
 * where a program only runs the inputs it is given.
 */
#ifndef FUZZERS_FUZZER_H
#define FUZZERS_FUZZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t most, unsigned seed);

/* Whether this program only runs a corpus: findings are counted. */
extern bool fuzzer_runs_corpus;
extern unsigned fuzzer_findings;
/* The input is a finding, which has been printed. Aborts, or counts. */
void fuzzer_found(void);

#endif
