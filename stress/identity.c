/* Who a binary is: compiled anew for each, with the build's -D switches. */
#include "engine/run.h"

const struct identity identity = {
	.target = TARGET,
	.variant = VARIANT,
	.lane = LANE,
	.build_id = BUILD_ID,
	.compiler = __VERSION__,
	.flags = FLAGS,
};
