/* The reader of sanitizers' reports: any text, cut off anywhere. */
/* links: stress/engine/diagnosis.c */
/* inputs: tests/unit/reports */
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "engine/diagnosis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	const char *at = text;
	struct diagnosis d;
	while (diagnosis_next(&at, &d)) {
		leave_check(d.sites <= 2 && d.text >= text && d.length > 0 &&
				    d.text + d.length <= at && at <= text + size,
			    "a report outside of the text");
		leave_check(diagnosis_same(&d, &d), "a report differs from itself");
	}
	free(text);
	return 0;
}
