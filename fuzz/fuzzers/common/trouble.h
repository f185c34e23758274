/* Trouble that a system makes and a program has to bear: no descriptors left,
 * calls that a signal interrupts.
 */
#ifndef FUZZERS_TROUBLE_H
#define FUZZERS_TROUBLE_H

#include <stdbool.h>

/* Lets so many more descriptors be opened, less one; 0: as many as one likes.
 */
void limit_descriptors(unsigned most);
/* Signals come all the time, or no more; not to the calling thread. */
void interrupt_calls(bool on);
/* Whether they come to the calling thread, and those that it starts. */
void interrupt_me(bool on);

#endif
