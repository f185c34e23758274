/* What `explore` prints: text for people, JSON lines for programs (nothing else
 * goes to stdout then).
 */
#ifndef FUZZ_OUTPUT_H
#define FUZZ_OUTPUT_H

#include "options.h"

void print_help(void);
/* One object, or one paragraph, per case. */
void print_list(bool json);
/* The sites, and what `executions` of the case made there. */
void print_sites(const struct options *o, uint64_t executions);
/* program: argv[0], for the replay command. */
void print_result(const struct options *o, const struct result *r, const char *program);
/* A finding that was run again; *misfits of its choices did not fit. */
void print_replay(const struct options *o, const struct finding *f, unsigned misfits,
		  const char *program);
/* One measurement: executions, decisions and seconds of a case under a
 * model. */
void print_bench(const struct request *q, uint64_t executions, uint64_t steps, double seconds,
		 double cpu_seconds);

#endif
