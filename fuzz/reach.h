/* Which lines of the sources a case reaches: where its accesses stand.
 */
#ifndef FUZZ_REACH_H
#define FUZZ_REACH_H

#include "options.h"

/* Runs each case of the binary (or the one that was asked for) a few times at
 * random, and prints one line of JSON per case: the function, file and line of
 * every access that the compiler made visible, in order of file and line.
 * Returns the program's exit status. */
int print_reach(const struct options *o);

#endif
