/* The reader of litmus files: any text is read, or refused with status 64. What
 * was read has a condition that can be written. */
/* links: engine fuzz/litmus/[!m]*.c */
/* inputs: fuzz/litmus */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "common/fuzzer.h"
#include "common/leave.h"
#include "litmus/litmus.h"

const struct build build = { TARGET, "fixed", "fuzz", "", "" };
/* The engine wants one. */
CASE(none, .purpose = "not to be run");

static struct litmus test;

static void read(void *text)
{
	litmus_read(&test, "input", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char condition[MAX_CONDITION];
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	int status;
	if (leave_or_return(read, text, &status)) {
		leave_check(test.programs <= MAX_PROGRAMS && test.shown <= MAX_OBSERVED,
			    "a test larger than its table");
		litmus_condition(&test, condition);
	} else {
		leave_check(status == 64, "refused with another status than 64");
	}
	free(text);
	return 0;
}
