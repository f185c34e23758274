/* links: targets/base targets/port stress/world.c */
/* All tests of the poller, on epoll's one-shot entries. */
#include "port/port.h"

#define BACKEND port_oneshot_backend
#include "tests/unit/poller_test.c"
