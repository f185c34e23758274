/* What a sanitizer's report says: its class, and the sites where it happened.
 *
 *   WARNING: ThreadSanitizer: data race (pid=12612)
 *     Write of size 4 at 0x55ef7c4dd054 by main thread:
 *       #0 main r.c:5 (r+0x10f4)
 *     Previous write of size 4 at 0x55ef7c4dd054 by thread T1:
 *       #0 writer r.c:4 (r+0x124f)
 *
 * Reads what gcc's and clang's Thread-, Address-, Leak- and
 * UndefinedBehaviorSanitizer print, cut off anywhere.
 */
#ifndef ENGINE_DIAGNOSIS_H
#define ENGINE_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

enum { KIND_TEXT = 96, FUNCTION_TEXT = 64, FILE_TEXT = 128, ACCESS_TEXT = 64 };

/* A place in the sources. file is "" and line 0 where the report does not say.
 */
struct site {
	char access[ACCESS_TEXT];     /* "write of size 4 by thread T1", "freed", ... */
	char function[FUNCTION_TEXT]; /* "" unknown */
	char file[FILE_TEXT];
	uint32_t line;
};

struct diagnosis {
	enum failure failure;
	char kind[KIND_TEXT];  /* "data race", "heap-use-after-free", ... */
	unsigned sites;        /* 0 to 2 */
	struct site site[2];   /* a race's accesses; a use, and where it was freed */
	const char *text;      /* the report within what was read */
	size_t length;
};

/* Reads the next report from the text at *at, which ends with NUL, and moves
 * *at behind it. Returns false when there is none. */
bool diagnosis_next(const char **at, struct diagnosis *d);
/* Whether both tell of the same thing: class, kind and sites, in any order. */
bool diagnosis_same(const struct diagnosis *a, const struct diagnosis *b);

#endif
