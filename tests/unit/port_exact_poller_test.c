/* links: targets/base targets/port stress/world.c */
/* All tests of the poller, on the port in user space. */
#include "port/port.h"

#define BACKEND port_exact_backend
#include "tests/unit/poller_test.c"
