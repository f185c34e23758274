/* The command line of `explore`.
 */
#ifndef FUZZ_OPTIONS_H
#define FUZZ_OPTIONS_H

#include "explore.h"

/* Exit codes of every command. */
enum { EXIT_AS_EXPECTED = 0, EXIT_UNEXPECTED = 1, EXIT_ENGINE = 2, EXIT_USAGE = 64 };

enum command { EXPLORE, LIST, SITES, REACH, BENCH, REPLAY, HELP };
enum { MAX_WEAKENED = 16 };

struct options {
	enum command command;
	struct request request;
	bool json, trace;
	unsigned weakenings;
	const char *weakened[MAX_WEAKENED]; /* in force: sites.h */
	/* --replay: */
	unsigned choices;
	uint8_t choice[MAX_CHOICES];
	char code[32]; /* hash that the string carries */
	uint64_t replay_seed;
};

/* Reads the command line into *o. On an error prints one line to stderr and
 * ends the program with status 64. */
void options_read(struct options *o, int argc, char **argv);

/* The cases of this binary, in order of name: fills list, returns their
 * number. */
enum { MAX_CASES = 256 };
unsigned all_cases(const struct test_case *list[MAX_CASES]);

/* Writes the replay string of choices into text[size]. */
void replay_encode(char *text, size_t size, const struct request *q, const uint8_t *choice,
		   unsigned n);

#endif
