/* Fuzzing executions: the input says which case runs under which model, and
 * what is decided where something can be. A finding is the explorer's: same
 * class, same trace, same replay command, shrunk in the same way.
 *
 *   byte 0, 1   the case: the first at or after this place in a circle of
 *               65536, on which each stands where a hash of its name puts it,
 *               so that another case leaves most inputs what they are
 *   byte 2      the model, mod their number
 *   the rest    choices: option byte mod n; once they are used up, 0: keep
 *               running, read the newest
 *
 * A header cut short is filled with zeroes.
 */
#ifndef FUZZERS_EXECUTIONS_H
#define FUZZERS_EXECUTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "build.h"
#include "explore.h"

enum { INPUT_HEADER = 3 };

/* Sets up for the cases of this program. */
void executions_open(void);
/* Runs the input once. A finding is printed; then the program aborts, for
 * libFuzzer to keep the input, unless it only runs a corpus. */
void executions_run(const uint8_t *data, size_t size);

/* bytes.c: the search that takes its choices from the input. */
extern const struct search bytes_search;
void bytes_start(const uint8_t *choices, size_t n);

/* feedback.c: what an execution did that code coverage does not see, as
 * counters that libFuzzer knows: which store a load read from, who handed a
 * word to whom, and which value followed which. FEEDBACK in the environment
 * names those wanted, by letters of "rhs" ("" none).
 *
 * libFuzzer's work on an execution is in proportion to the counters that are
 * not 0. So of those that held the same after each of a few executions one
 * tells for all, as long as they do; unless "a" is among the letters. */
void feedback_open(void);
void feedback_begin(void);
void feedback_end(void);
/* After each of those few, and when they are over. */
void feedback_learn(void);
void feedback_learnt(void);

#endif
