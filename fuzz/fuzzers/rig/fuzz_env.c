/* Environments as --env reads them: what was read is written out and means
 * the same again. */
/* links: stress/engine/env.c stress/engine/clock.c stress/world.c */
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "engine/env.h"

static void actor(void *state, struct slot *me)
{
	(void)state;
	(void)me;
}

CASE(pair, .purpose = "to have an environment", .state_size = 256,
     .actor = { { "one", actor }, { "other", actor } });

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct subject s;
	struct env e, again;
	char written[ENV_TEXT], twice[ENV_TEXT], *text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (s.layouts == 0)
		leave_check(subject_find("pair", &s), "the case is not found");
	if (!env_parse(text, &s, &e)) {
		env_text(&e, &s, written);
		leave_check(!env_parse(written, &s, &again), "what it wrote is refused");
		env_text(&again, &s, twice);
		leave_check(strcmp(written, twice) == 0, "what it wrote means something else");
	}
	free(text);
	return 0;
}
