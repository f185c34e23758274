/* Readers that end the program on bad input: here they end the call.
 */
#ifndef FUZZERS_LEAVE_H
#define FUZZERS_LEAVE_H

#include <stdbool.h>

/* Calls read(arg). Returns true when it returned, false when it called exit(),
 * whose status is then in *status. Programs are linked with --wrap=exit; what
 * the reader had allocated stays so. */
bool leave_or_return(void (*read)(void *arg), void *arg, int *status);
/* What a reader must not end with: prints it and aborts. */
void leave_check(bool holds, const char *what);

#endif
