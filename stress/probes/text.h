/* An actor's text, access by access. */
#ifndef PROBES_TEXT_H
#define PROBES_TEXT_H

#include "probes/crew.h"

enum { MOST_ACCESSES = 4, MOST_ARGS = 3, ARG_TEXT = 16 };

struct access {
	char name[ARG_TEXT], arg[MOST_ARGS][ARG_TEXT]; /* "ST", "x", "1" */
	unsigned args;
};

/* Reads an actor's text. Returns how many accesses it has. */
unsigned text_read(const char *text, struct access access[MOST_ACCESSES]);

#endif
