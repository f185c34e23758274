/* The command line of `explore`, an option a line: taken, or refused with
 * status 64. A replay string that was taken is written out and means the same
 * again. */
/* links: engine */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "common/fuzzer.h"
#include "common/leave.h"
#include "memory/model.h"
#include "options.h"

const struct build build = { TARGET, "fixed", "fuzz", "0123456789ab", "" };

/* Names to ask for. */
CASE(one, .purpose = "to be named");
CASE(two, .purpose = "to be named");

enum { MOST_ARGUMENTS = 16, TEXT = 4 * MAX_CHOICES + 512 };
static char *argument[MOST_ARGUMENTS + 1];
static int arguments;
static struct options o, again;

static void read(void *into)
{
	options_read(into, arguments, argument);
}

static void check_replay(void)
{
	static char text[TEXT];
	int status;
	char name[] = "explore", option[] = "--replay";
	replay_encode(text, sizeof text, &o.request, o.choice, o.choices);
	argument[0] = name;
	argument[1] = option;
	argument[2] = text;
	arguments = 3;
	leave_check(leave_or_return(read, &again, &status), "its own replay string is refused");
	leave_check(again.choices == o.choices &&
			    memcmp(again.choice, o.choice, o.choices) == 0 &&
			    again.request.test == o.request.test &&
			    again.request.model == o.request.model &&
			    again.request.seed == o.request.seed,
		    "a replay string reads as another run than was written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status;
	char name[] = "explore", *text = malloc(size + 1), *rest = text;
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	argument[0] = name;
	for (arguments = 1; rest && arguments < MOST_ARGUMENTS; arguments++)
		argument[arguments] = strsep(&rest, "\n");
	argument[arguments] = NULL;
	if (!leave_or_return(read, &o, &status))
		leave_check(status == EXIT_USAGE, "refused with another status than 64");
	else if (o.command == REPLAY)
		check_replay();
	free(text);
	return 0;
}
