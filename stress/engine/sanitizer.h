/* The sanitizer that a lane is built with, and what it said about the children.
 *
 * Sanitizers write to stderr. In their lanes a child's stderr is a file in
 * memory; the parent reads it when the child has ended, whichever way, and
 * counts each report under its class. Nothing here does anything in the native
 * lane.
 */
#ifndef ENGINE_SANITIZER_H
#define ENGINE_SANITIZER_H

#include "engine/child.h"
#include "engine/diagnosis.h"
#include "engine/lane.h"

enum {
	MAX_DIAGNOSES = 32,   /* different ones kept */
	MOST_REPORTS = 16,    /* of one child: then it ends; half a second each */
	REPORT_TEXT = 4096    /* of the first report of each */
};

/* Reports that tell of the same sites. */
struct diagnosed {
	struct diagnosis d; /* d.text is NULL: see text */
	uint64_t count;
	uint32_t child;     /* that said it first */
	char text[REPORT_TEXT];
};

struct diagnoses {
	uint32_t n;
	uint64_t more; /* reports of further different ones */
	struct diagnosed of[MAX_DIAGNOSES];
};

extern struct diagnoses diagnoses;

/* In the child, before and after its work. */
void sanitizer_child_begins(void);
void sanitizer_child_ends(void);
/* In the parent, after the child's end: adds what it said to `diagnoses` and to
 * the failures and hits of *r. Returns the number of reports. What the child
 * said beside them goes to stderr, as does the first report of each kind. */
unsigned sanitizer_collect(struct result *r);
/* Writes `diagnoses` on stdout: objects of a result's findings, with the sites
 * as evidence; or lines. */
void diagnoses_emit(void);
void diagnoses_print(void);

#endif
