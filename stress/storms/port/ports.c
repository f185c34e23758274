/* Churn through event ports: descriptors are asked for before every wait, and
 * asked for again after every event, while their numbers change hands. */
#include "port/port.h"
#include "storms/poller/churn.h"

static void run(const struct storm_order *order)
{
	churn_run(order, &churn_threads);
}

/* The parts alone are rare without aim; history's whole is not. What takes no
 * lock also reads fields bare that others write. */
#define FAILS                                                                            \
	MUST({ "BUG_7410", STALE_ARM, EVERY_MODEL },                                     \
	     { "BUG_7410", DATA_RACE, EVERY_MODEL }),                                    \
	MAY({ "BUG_7410", FATAL, EVERY_MODEL }, { "BUG_7410", LOST_EVENT, EVERY_MODEL }, \
	    { "BUG_REARM_CLOSED", STALE_ARM, EVERY_MODEL },                              \
	    { "BUG_REARM_CLOSED", FATAL, EVERY_MODEL },                                  \
	    { "BUG_UPDATE_UNLOCKED", STALE_ARM, EVERY_MODEL },                           \
	    { "BUG_UPDATE_UNLOCKED", FATAL, EVERY_MODEL },                               \
	    { "BUG_UPDATE_UNLOCKED", LOST_EVENT, EVERY_MODEL },                          \
	    { "BUG_UPDATE_UNLOCKED", DATA_RACE, EVERY_MODEL },                           \
	    { "BUG_CAS_COMPARE", STALE_ARM, EVERY_MODEL },                               \
	    { "BUG_CAS_COMPARE", FATAL, EVERY_MODEL },                                   \
	    { "BUG_CAS_COMPARE", LOST_EVENT, EVERY_MODEL },                              \
	    { "BUG_CAS_COMPARE", DATA_RACE, EVERY_MODEL },                               \
	    { "BUG_OPEN_ARMED", DATA_RACE, EVERY_MODEL })

STORM(churn_oneshot,
      .purpose = "sockets and pipes come and go, through a port over epoll's one-shot entries",
      CHURN, .backend = &port_oneshot_backend, .run = run, FAILS);
STORM(churn_exact,
      .purpose = "sockets and pipes come and go, through a port in user space",
      CHURN, .backend = &port_exact_backend, .run = run, FAILS);
