/* The memory model that this build's hardware follows. */
#ifndef ENGINE_HARDWARE_H
#define ENGINE_HARDWARE_H

#include "base/failure.h"

/* Of the code that the compiler made, and where that asks the processor at run
 * time (gcc's outline atomics), of this processor. */
enum model hardware_model(void);
const char *hardware_model_text(void);

#endif
