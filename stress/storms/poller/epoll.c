/* Churn through epoll. */
#include "storms/poller/churn.h"

static void run(const struct storm_order *order)
{
	churn_run(order, &churn_threads);
}

STORM(churn,
      .purpose = "sockets and pipes come and go under readers, writers and deadlines",
      CHURN, .backend = &epoll_backend, .run = run,
      MUST({ "BUG_PUBLISH_LATE", LOST_WAKEUP, EVERY_MODEL },
	   { "BUG_COMMIT_IGNORED", LOST_WAKEUP, EVERY_MODEL },
	   { "BUG_EVENTERR_LOST", LOST_ERROR, EVERY_MODEL },
	   { "BUG_RESET_AFTER", LOST_EVENT, EVERY_MODEL },
	   { "BUG_PLAIN_RG+plain", DATA_RACE, EVERY_MODEL },
	   { "BUG_BARE_FLAGS+plain", DATA_RACE, EVERY_MODEL },
	   { "BUG_RELEASE_DUMMY+plain", DATA_RACE, EVERY_MODEL },
	   { "BUG_RELEASE_ALL+plain", DATA_RACE, EVERY_MODEL }),
      MAY({ "BUG_RELEASE_DUMMY", LOST_WAKEUP, TSO | ARMV8 | ARMV8_RCPC },
	  { "BUG_RELEASE_ALL", LOST_WAKEUP, TSO | ARMV8 | ARMV8_RCPC | ARMV8_LSE_RCPC },
	  { "BUG_ACQREL_STORE", LOST_WAKEUP, TSO | ARMV8_RCPC | ARMV8_LSE_RCPC },
	  { "BUG_ACQREL_RMW", LOST_WAKEUP, ARMV8_RCPC },
	  { "BUG_PLAIN_RG", LOST_WAKEUP, ARMV8 | ARMV8_LSE | ARMV8_RCPC | ARMV8_LSE_RCPC },
	  { "BUG_BARE_FLAGS", LOST_WAKEUP, ARMV8 | ARMV8_RCPC },
	  { "BUG_TAKE_SPLIT", LOST_WAKEUP, EVERY_MODEL },
	  { "BUG_TAKE_SPLIT", FATAL, EVERY_MODEL },
	  { "BUG_STALE_COOKIE", FATAL, EVERY_MODEL }));
STORM(churn_late,
      .purpose = "the same, and writability is asked for when somebody waits for it",
      CHURN, .backend = &epoll_late_backend, .run = run,
      MUST({ "BUG_OUT_UNASKED", LOST_EVENT, EVERY_MODEL }));
